//! Why a call to a vault failed.

use azure_core::error::ErrorKind;
use serde::Deserialize;

/// A call to a vault failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The client could not be set up.
    #[error("the vault client could not be set up: {0}")]
    Setup(String),
    /// No connection, or it broke off.
    #[error("the vault could not be reached: {0}")]
    Unreachable(String),
    /// The vault answered no.
    #[error("the vault refused with HTTP {status}, {name}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `error.code`, such as `BadParameter`.
        name: String,
        /// `error.message`.
        message: String,
        /// `error.innererror.code`: the practice vault names its cause here.
        cause: Option<String>,
    },
    /// The vault's answer is not what the call returns.
    #[error("the vault's answer could not be read: {0}")]
    Answer(String),
}

impl VaultError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setup(_) => "vault-setup",
            Self::Unreachable(_) => "vault-unreachable",
            Self::Refused { .. } => "vault-refused",
            Self::Answer(_) => "vault-answer",
        }
    }

    /// What to do.
    pub fn advice(&self) -> String {
        match self {
            Self::Setup(_) => "Check the vault's address and certificate.".to_owned(),
            Self::Unreachable(_) => {
                "Check that the vault runs and that this machine may reach it.".to_owned()
            }
            Self::Refused {
                cause: Some(cause), ..
            } => advice_of(cause),
            Self::Refused { .. } => "Read the vault's message: it says what it refused.".to_owned(),
            Self::Answer(_) => "Check that the address is a Key Vault's.".to_owned(),
        }
    }
}

/// The practice vault's own advice, found by its cause's name.
fn advice_of(cause: &str) -> String {
    let known = crate::vault::practice::Cause::by_code(cause);
    known.map_or_else(
        || format!("The vault names the cause {cause}."),
        |cause| cause.advice().to_owned(),
    )
}

/// Key Vault's error document.
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorMembers,
}

#[derive(Deserialize)]
struct ErrorMembers {
    code: Option<String>,
    message: Option<String>,
    innererror: Option<InnerError>,
}

#[derive(Deserialize)]
struct InnerError {
    code: Option<String>,
}

impl From<azure_core::Error> for VaultError {
    fn from(error: azure_core::Error) -> Self {
        match error.kind() {
            ErrorKind::HttpResponse {
                status,
                error_code,
                raw_response,
            } => {
                let body = raw_response
                    .as_ref()
                    .and_then(|raw| serde_json::from_slice::<ErrorBody>(raw.body().as_ref()).ok())
                    .map(|body| body.error);
                let (code, message, inner) = body.map_or((None, None, None), |error| {
                    (error.code, error.message, error.innererror)
                });
                Self::Refused {
                    status: u16::from(*status),
                    name: code
                        .or_else(|| error_code.clone())
                        .unwrap_or_else(|| "no code".to_owned()),
                    message: message.unwrap_or_else(|| error.to_string()),
                    cause: inner.and_then(|inner| inner.code),
                }
            }
            ErrorKind::Connection | ErrorKind::Io => Self::Unreachable(with_sources(&error)),
            _ => Self::Answer(with_sources(&error)),
        }
    }
}

/// An error and what caused it, in one line; Debug would print a backtrace.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
