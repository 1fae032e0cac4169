//! What can go wrong with a batch.

use super::ledger::LedgerError;
use super::manifest::ManifestError;
use super::plan::PlanError;

/// Why a batch was refused or stopped.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The ledger, or who holds the folder.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A key that the token has under the label and id of the plan's, and that is another one.
    #[error("the key {label} is not the one that the plan was made of")]
    KeyReplaced {
        /// Its label, foreign characters made visible.
        label: String,
    },
}

impl BatchError {
    /// Stable kebab-case name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Manifest(error) => error.code(),
            Self::Plan(error) => error.code(),
            Self::Ledger(error) => error.code(),
            Self::KeyReplaced { .. } => "key-replaced",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Manifest(error) => error.advice().to_owned(),
            Self::Plan(error) => error.advice().to_owned(),
            Self::Ledger(error) => error.advice().to_owned(),
            Self::KeyReplaced { .. } => {
                "Compare the token with the one that the plan names; make a new plan if the key is to travel.".to_owned()
            }
        }
    }
}
