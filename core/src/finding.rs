//! The outcome of one check: what was found, and what to do about it.

use crate::Error;
use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is accepted, and somebody should look.
    Warning,
    /// The rule could not be checked from this input; never a silent pass.
    Unchecked,
    /// Worth knowing.
    Note,
}

/// One finding about a KEK, a blob or a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct Finding {
    /// Stable kebab-case name of the rule.
    pub code: String,
    /// How much it weighs.
    pub severity: Severity,
    /// What was found.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl Finding {
    /// A finding from its parts.
    pub fn new(
        severity: Severity,
        code: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            code: code.to_owned(),
            severity,
            message: message.into(),
            advice: advice.into(),
        }
    }

    /// A finding that accepts, but asks for a look.
    pub fn warning(
        code: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, code, message, advice)
    }

    /// Something worth knowing.
    pub fn note(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message, advice)
    }

    /// A rule that this input does not let us check.
    pub fn unchecked(
        code: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Unchecked, code, message, advice)
    }

    /// True when this finding refuses the input.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Findings as they are gathered, and the first error among them as what it is.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) list: Vec<Finding>,
    pub(crate) refusal: Option<Error>,
}

impl Findings {
    /// Adds what does not refuse.
    pub(crate) fn push(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    /// Adds what does.
    pub(crate) fn refuse(&mut self, error: Error) {
        self.list.push(Finding::from(&error));
        self.refusal.get_or_insert(error);
    }

    /// Takes a value, or adds why there is none.
    pub(crate) fn take<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.refuse(error)).ok()
    }
}

/// An error seen as a finding: same code, same words.
impl From<&Error> for Finding {
    fn from(error: &Error) -> Self {
        Self::new(
            Severity::Error,
            error.code(),
            error.to_string(),
            error.advice(),
        )
    }
}
