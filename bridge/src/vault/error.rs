//! Why a call to a vault failed.

use super::credential::UsedCredential;
use super::failure::{Failure, TransportFailure, in_one_line};
use super::trouble::Trouble;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use keyferry_core::{Service, visible};
use serde::Deserialize;
use std::time::Duration;

/// A call to a vault failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// This run makes no connection.
    #[error("this run makes no connection to the outside (--offline)")]
    Offline,
    /// The client could not be set up.
    #[error("the vault client could not be set up: {0}")]
    Setup(String),
    /// No practice vault is known at this address.
    #[error("no practice vault of this state folder runs at {0}")]
    NoPractice(String),
    /// The cloud was closed.
    #[error("the cloud of {0} was closed in 2021")]
    RetiredCloud(String),
    /// A request got no answer.
    #[error("no answer from {host}: {text}")]
    Transport {
        /// Who was asked.
        host: String,
        /// What happened.
        failure: Failure,
        /// The system's words.
        text: String,
    },
    /// No token could be had.
    #[error("no sign-in by {used}: {text}")]
    Credential {
        /// How it was tried.
        used: UsedCredential,
        /// Why not.
        text: String,
    },
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
        /// What that means.
        trouble: Trouble,
        /// What answered: roles have other names in a Managed HSM.
        service: Service,
        /// `Retry-After`, when the answer had one.
        retry_after: Option<Duration>,
    },
    /// The vault's answer is not what the call returns.
    #[error("the vault's answer could not be read: {0}")]
    Answer(String),
    /// The answer is about something else than was asked.
    #[error("the vault answered with another {what}: {answered} in place of {asked}")]
    Differs {
        /// Which member.
        what: &'static str,
        /// What was asked for.
        asked: String,
        /// What came.
        answered: String,
    },
}

impl VaultError {
    pub(super) fn setup(error: impl std::fmt::Display) -> Self {
        Self::Setup(error.to_string())
    }

    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Setup(_) => "vault-setup",
            Self::NoPractice(_) => "practice-not-running",
            Self::RetiredCloud(_) => "vault-retired-cloud",
            Self::Transport { failure, .. } => failure.code(),
            Self::Credential { .. } => "vault-sign-in",
            Self::Refused { trouble, .. } => trouble.code(),
            Self::Answer(_) => "vault-answer",
            Self::Differs { .. } => "vault-answer-differs",
        }
    }

    /// What to do.
    pub fn advice(&self) -> String {
        let fixed = match self {
            Self::Transport { failure, .. } => failure.advice(),
            Self::Credential { used, .. } => return used.advice(),
            // Words of the practice vault itself, which explains more than Azure does.
            Self::Refused {
                detail:
                    Some(Detail {
                        message: Some(advice),
                        ..
                    }),
                ..
            } => return advice.clone(),
            Self::Refused {
                trouble, service, ..
            } => return trouble.advice(*service),
            Self::Offline => {
                "Start it without --offline, or carry the files by hand: the page and `keyferry wrap` show the commands."
            }
            Self::Setup(_) => "Check the vault's address and the options.",
            Self::NoPractice(_) => {
                "Start one with `keyferry vault practice` and the same --state, and use the address that it prints."
            }
            Self::RetiredCloud(_) => "Use the vault of a cloud that runs.",
            Self::Answer(_) => {
                "Check that the address is a Key Vault's. If a key was to be made or imported, ask the vault for it before doing it again."
            }
            Self::Differs { .. } => {
                "Do not use what came back. Something between here and the vault changed the answer, or the vault is not the one you mean."
            }
        };
        fixed.to_owned()
    }

    /// True when the call may have been carried out although it failed: the vault has to be asked.
    pub fn may_have_landed(&self) -> bool {
        match self {
            Self::Transport { failure, .. } => failure.may_have_landed(),
            Self::Refused { trouble, .. } => *trouble == Trouble::ServiceFault,
            Self::Answer(_) | Self::Differs { .. } => true,
            _ => false,
        }
    }

    /// What the service meant, when it answered.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Refused { trouble, .. } => Some(*trouble),
            _ => None,
        }
    }

    /// From the SDK's error, in our words.
    pub(super) fn from_sdk(error: azure_core::Error, asked: &Asked<'_>) -> Self {
        if let Some(failure) = TransportFailure::within(&error) {
            // Below a credential's error the host is the sign-in's, which the words name.
            if matches!(error.kind(), ErrorKind::Credential) && !failure.failure.may_have_landed() {
                return Self::Credential {
                    used: asked.used.clone(),
                    text: visible(&in_one_line(&error)),
                };
            }
            return Self::Transport {
                host: asked.host.to_owned(),
                failure: failure.failure,
                text: visible(&failure.to_string()),
            };
        }
        match error.kind() {
            ErrorKind::HttpResponse {
                status,
                error_code,
                raw_response: Some(raw),
            } => Self::refused(
                u16::from(*status),
                error_code.as_deref(),
                raw.headers(),
                raw.body().as_ref(),
                asked.service,
            ),
            ErrorKind::Credential => Self::Credential {
                used: asked.used.clone(),
                text: visible(&in_one_line(&error)),
            },
            _ => Self::Answer(visible(&in_one_line(&error))),
        }
    }

    fn refused(
        status: u16,
        error_code: Option<&str>,
        headers: &Headers,
        body: &[u8],
        service: Service,
    ) -> Self {
        let body = serde_json::from_slice::<ErrorBody>(body)
            .ok()
            .map(|body| body.error);
        let (code, message, inner) = body.map_or((None, None, None), |error| {
            (error.code, error.message, error.innererror)
        });
        let name = code
            .or_else(|| error_code.map(str::to_owned))
            .unwrap_or_else(|| "no code".to_owned());
        let message =
            message.unwrap_or_else(|| "the answer is not Key Vault's error document".to_owned());
        let inner_code = inner.as_ref().and_then(|inner| inner.code.as_deref());
        Self::Refused {
            trouble: Trouble::of(status, &name, inner_code, &message),
            status,
            name: visible(&name),
            message: visible(&message),
            detail: inner.map(Detail::shown),
            service,
            retry_after: retry_after(headers),
        }
    }
}

/// Who was asked, and as whom: what an error has to name.
pub(super) struct Asked<'a> {
    pub(super) host: &'a str,
    pub(super) service: Service,
    pub(super) used: &'a UsedCredential,
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3); the service sends no dates.
fn retry_after(headers: &Headers) -> Option<Duration> {
    let name = azure_core::http::headers::HeaderName::from_static("retry-after");
    let seconds: u64 = headers.get_optional_str(&name)?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The inner error of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Detail {
    /// A stable name.
    pub code: Option<String>,
    /// What to do; Azure gives the name alone.
    pub message: Option<String>,
}

impl Detail {
    fn shown(self) -> Self {
        let shown = |text: Option<String>| text.map(|text| visible(&text));
        Self {
            code: shown(self.code),
            message: shown(self.message),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> VaultError {
        VaultError::refused(403, None, &Headers::new(), body.as_bytes(), Service::Vault)
    }

    #[test]
    fn a_refusal_keeps_the_services_words_with_and_without_an_inner_error() {
        for inner in [
            "",
            r#","innererror":null"#,
            r#","innererror":{"code":"ForbiddenByRbac"}"#,
        ] {
            let body = format!(
                r#"{{"error":{{"code":"Forbidden","message":"Caller is not authorized to perform action on resource."{inner}}}}}"#
            );
            let error = refused(&body);
            assert_eq!(
                error.to_string(),
                "the vault refused with HTTP 403, Forbidden: Caller is not authorized to perform action on resource."
            );
            assert_eq!(error.code(), "vault-no-role");
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
        assert_eq!(error.code(), "vault-forbidden");
    }

    #[test]
    fn words_of_the_service_cannot_move_the_cursor() {
        let error = refused(r#"{"error":{"code":"F\u001b[2J","message":"\u202egpj.exe"}}"#);
        assert!(
            !error.to_string().contains(['\u{1b}', '\u{202e}']),
            "{error:?}"
        );
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_anything_else_is_none() {
        for (value, expected) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let mut headers = Headers::new();
            headers.insert("retry-after", value.to_owned());
            assert_eq!(
                retry_after(&headers),
                expected.map(Duration::from_secs),
                "{value}"
            );
        }
    }
}
