//! What can go wrong on this side of the border, beyond what core itself refuses.

use crate::border;
use keyferry_core::{Error, ErrorBody};
use wasm_bindgen::JsValue;

/// Why a call of the page failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Core refused.
    #[error(transparent)]
    Core(#[from] Error),
    /// A request needs a KEK that was admitted.
    #[error("this KEK was not admitted, so nothing can be wrapped to it")]
    KekNotAdmitted,
    /// The bridge's answer is not one.
    #[error("the bridge's answer could not be read")]
    AnswerUnreadable,
    /// The bridge's answer belongs to another request, KEK or kid.
    #[error("the bridge answered with another {0} than it was asked for")]
    AnswerMismatch(&'static str),
    /// The browser could not read the file.
    #[error("the file could not be read")]
    FileUnreadable,
    /// The browser could not save the file.
    #[error("the browser did not take the file")]
    FileUnsaved,
    /// The browser gave no random bytes.
    #[error("the browser has no source of randomness")]
    NoRandomness,
}

impl Fault {
    /// Stable kebab-case name.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::KekNotAdmitted => "kek-not-admitted",
            Self::AnswerUnreadable => "answer-unreadable",
            Self::AnswerMismatch(_) => "answer-mismatch",
            Self::FileUnreadable => "file-unreadable",
            Self::FileUnsaved => "file-unsaved",
            Self::NoRandomness => "no-randomness",
        }
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::Core(error) => error.advice(),
            Self::KekNotAdmitted => "Choose a KEK whose findings hold no error.".to_owned(),
            Self::AnswerUnreadable => {
                "Reload the page; if it happens again, page and bridge are of different versions."
                    .to_owned()
            }
            Self::AnswerMismatch(_) => {
                "No file was made. Stop the bridge, start it again and use the address it prints."
                    .to_owned()
            }
            Self::FileUnreadable => {
                "Check that the file still exists and may be read, then choose it again.".to_owned()
            }
            Self::FileUnsaved => {
                "Allow downloads for this page, or use another browser.".to_owned()
            }
            Self::NoRandomness => "Use a current browser.".to_owned(),
        }
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        border::to_js(&ErrorBody {
            code: fault.code().to_owned(),
            message: fault.to_string(),
            advice: fault.advice(),
        })
    }
}
