//! Why a part of an attestation is not believed: code, what was found, what to do.

use crate::{Finding, Severity};

/// A reason. Its words depend on nothing but names and numbers that are safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) advice: &'static str,
}

/// What to do about a file that is damaged or made up.
pub(super) const FETCH_AGAIN: &str = "Fetch the attestation again (`az keyvault key get-attestation --file FILE`) and do not wrap to this KEK until it verifies.";
/// What to do about a statement that is clear and not what a KEK needs.
pub(super) const DO_NOT_USE: &str = "Do not wrap to this KEK. Make a new one in your Managed HSM, with the operation `import` alone.";

impl Refusal {
    /// A damaged, incomplete or made-up file.
    pub(super) fn file(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            advice: FETCH_AGAIN,
        }
    }

    /// A key that is not what a KEK has to be.
    pub(super) fn key(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            advice: DO_NOT_USE,
        }
    }

    /// With other advice.
    pub(super) fn advising(self, advice: &'static str) -> Self {
        Self { advice, ..self }
    }

    /// As a finding of that weight.
    pub(super) fn finding(&self, severity: Severity) -> Finding {
        Finding::new(severity, self.code, self.message.clone(), self.advice)
    }
}
