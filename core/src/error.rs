//! Everything that core can refuse, each with a stable code and with what to do.

use crate::key_id::KidProblem;
use serde::{Deserialize, Serialize};

/// Why core refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key identifier is not one of a key in Azure Key Vault or Managed HSM.
    #[error("{0}")]
    Kid(KidProblem),
    /// The KEK document was refused by a rule of its own; the first error of its examination.
    #[error("{message}")]
    KekRefused {
        /// The finding's code.
        code: &'static str,
        /// What was found.
        message: String,
        /// What to do.
        advice: String,
    },
    /// The key transfer blob was refused; the first error of its inspection.
    #[error("{message}")]
    BlobRefused {
        /// The finding's code.
        code: &'static str,
        /// What was found.
        message: String,
        /// What to do.
        advice: String,
    },
    /// An import asks for what the service would refuse.
    #[error("{message}")]
    ImportRefused {
        /// A stable name.
        code: &'static str,
        /// What was asked for.
        message: String,
        /// What to do.
        advice: String,
    },
    /// Not the address of a Key Vault, a Managed HSM or the practice vault.
    #[error("this is no vault's address: {problem}")]
    VaultAddress {
        /// The rule that was broken; a vault's address is what its kids begin with.
        problem: KidProblem,
    },
    /// Not a receipt, or not of this file.
    #[error("{message}")]
    Receipt {
        /// A stable name.
        code: &'static str,
        /// What was found.
        message: String,
        /// What to do.
        advice: &'static str,
    },
    /// The ciphertext's length fits neither the table nor what the self-test opened on this token.
    #[error(
        "the token returned {actual} bytes, which is no length of {target} wrapped to a {kek_bits}-bit KEK"
    )]
    CiphertextLength {
        /// Bytes returned.
        actual: usize,
        /// What should have been wrapped.
        target: crate::TargetKind,
        /// The KEK's size.
        kek_bits: u32,
    },
    /// Not the name of a kind of key that can travel.
    #[error("unknown kind of key")]
    UnknownKind,
    /// Not the name of a wrap strategy.
    #[error("unknown wrap strategy")]
    UnknownStrategy,
    /// Not 64 hexadecimal digits.
    #[error("a thumbprint is 64 hexadecimal digits")]
    Thumbprint,
    /// Not 64 hexadecimal digits.
    #[error("a pin is 64 hexadecimal digits")]
    OwnerFingerprint,
    /// Not `localhost` or 127.0.0.1 with a port.
    #[error("a practice vault lives on localhost or 127.0.0.1, with a port")]
    PracticeAuthority,
    /// Not a DNS suffix that can be configured.
    #[error("a vault suffix is a lower-case DNS name of at least two labels")]
    Suffix,
}

impl Error {
    /// Stable kebab-case name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Kid(problem) => problem.code(),
            Self::KekRefused { code, .. }
            | Self::BlobRefused { code, .. }
            | Self::ImportRefused { code, .. }
            | Self::Receipt { code, .. } => code,
            Self::VaultAddress { .. } => "vault-address",
            Self::CiphertextLength { .. } => "ciphertext-length",
            Self::UnknownKind => "kind-unknown",
            Self::UnknownStrategy => "strategy-unknown",
            Self::Thumbprint => "thumbprint-form",
            Self::OwnerFingerprint => "pin-form",
            Self::PracticeAuthority => "practice-authority",
            Self::Suffix => "suffix-form",
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Kid(problem) => problem.advice().to_owned(),
            Self::KekRefused { advice, .. }
            | Self::BlobRefused { advice, .. }
            | Self::ImportRefused { advice, .. } => advice.clone(),
            Self::Receipt { advice, .. } => (*advice).to_owned(),
            Self::VaultAddress { .. } => "Write it like https://NAME.vault.azure.net or https://NAME.managedhsm.azure.net. Suffixes of other clouds are named in config.toml; a practice vault has to be running.".to_owned(),
            Self::CiphertextLength { .. } => {
                "Nothing was written. The token wraps in a form that Azure cannot open; run the self-test and report its result with the token's model and firmware.".to_owned()
            }
            Self::UnknownKind => format!("Use one of {}.", crate::TargetKind::names()),
            Self::UnknownStrategy => format!("Use one of {}.", crate::Strategy::names()),
            Self::Thumbprint => {
                "Give the SHA-256 of the KEK's SubjectPublicKeyInfo; spaces, colons and case are ignored.".to_owned()
            }
            Self::OwnerFingerprint => {
                "Give the SHA-256 of the pool's owner certificate; spaces, colons and case are ignored.".to_owned()
            }
            Self::PracticeAuthority => {
                "Start the practice vault, and use the key identifier that it printed.".to_owned()
            }
            Self::Suffix => "Write it like `vault.azure.net`, without a scheme, port or leading dot.".to_owned(),
        }
    }
}

/// An error as it crosses a boundary: to the page, into JSON output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct ErrorBody {
    /// Stable kebab-case name.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl From<&Error> for ErrorBody {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            advice: error.advice(),
        }
    }
}
