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
        /// `error.innererror`: the practice vault says its cause and advice here.
        detail: Option<Detail>,
    },
    /// The vault's answer is not what the call returns.
    #[error("the vault's answer could not be read: {0}")]
    Answer(String),
}

impl VaultError {
    pub(super) fn setup(error: impl std::fmt::Display) -> Self {
        Self::Setup(error.to_string())
    }

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
            Self::Refused { detail, .. } => detail
                .as_ref()
                .and_then(|detail| detail.message.clone())
                .unwrap_or_else(|| "Read the vault's message: it says what it refused.".to_owned()),
            Self::Answer(_) => "Check that the address is a Key Vault's.".to_owned(),
        }
    }
}

/// The inner error of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Detail {
    /// A stable name.
    pub code: Option<String>,
    /// What to do; Azure gives the name alone.
    pub message: Option<String>,
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
    innererror: Option<Detail>,
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
                    detail: inner,
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

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::http::headers::Headers;
    use azure_core::http::{RawResponse, StatusCode};

    fn refused(body: &'static str) -> VaultError {
        let raw = RawResponse::from_bytes(StatusCode::Forbidden, Headers::new(), body);
        let kind = ErrorKind::HttpResponse {
            status: StatusCode::Forbidden,
            error_code: None,
            raw_response: Some(Box::new(raw)),
        };
        VaultError::from(kind.into_error())
    }

    #[test]
    fn a_refusal_keeps_the_services_words_with_and_without_an_inner_error() {
        for inner in [
            "",
            r#","innererror":null"#,
            r#","innererror":{"code":"ForbiddenByRbac"}"#,
        ] {
            let body = format!(
                r#"{{"error":{{"code":"Forbidden","message":"Caller is not authorized."{inner}}}}}"#
            );
            let error = refused(body.leak());
            assert_eq!(
                error.to_string(),
                "the vault refused with HTTP 403, Forbidden: Caller is not authorized."
            );
            assert_eq!(error.code(), "vault-refused");
        }
    }

    #[test]
    fn a_refusal_that_is_no_json_names_its_status() {
        let error = refused("<html>proxy</html>");
        assert!(
            error
                .to_string()
                .starts_with("the vault refused with HTTP 403"),
            "{error}"
        );
    }
}
