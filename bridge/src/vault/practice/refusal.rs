//! What the practice vault answers when it says no: Key Vault's status and JSON, our cause inside.

use super::cause::Cause;
use super::flavour::Flavour;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use getrandom::SysRng;
use getrandom::rand_core::TryRng;
use serde_json::{Value, json};

/// Our cause, where Azure's own inner code, or none at all, stands in the body.
const CAUSE: HeaderName = HeaderName::from_static("x-keyferry-practice-cause");

/// A refusal: a cause, and a sentence about this request. No secret stands in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    cause: Cause,
    message: String,
}

impl Refusal {
    /// A refusal with its sentence.
    pub(super) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            message: message.into(),
        }
    }

    /// Why.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The answer, as the service that is played words it.
    pub(super) fn into_answer(self, flavour: Flavour) -> Response {
        let (status, code) = self.cause.status();
        let inner = match self.cause.azures_inner_code() {
            Some(inner) => json!({ "code": inner }),
            None => json!({"code": self.cause.code(), "message": self.cause.advice()}),
        };
        let mut response = ErrorAnswer {
            status,
            code,
            message: self.message,
            inner: Some(inner),
        }
        .into_response(flavour);
        response
            .headers_mut()
            .insert(CAUSE, HeaderValue::from_static(self.cause.code()));
        response
    }
}

/// The 401 whose `WWW-Authenticate` tells a client where to get a token.
///
/// Both addresses are the practice vault's own. A real credential that is pointed here by mistake
/// asks its tenant for a token for `https://127.0.0.1:PORT`, which no tenant gives: no real token
/// ever arrives.
pub(super) fn challenge(flavour: Flavour, base_url: &str, message: &str) -> Response {
    let mut response = ErrorAnswer {
        status: StatusCode::UNAUTHORIZED,
        code: "Unauthorized",
        message: message.to_owned(),
        inner: Some(json!({"code": Cause::NoToken.code(), "message": Cause::NoToken.advice()})),
    }
    .into_response(flavour);
    let text = format!(
        "Bearer authorization=\"{base_url}/practice\", resource=\"{}\"",
        flavour.resource(base_url)
    );
    if let Ok(value) = HeaderValue::try_from(text) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

/// An error as Key Vault's REST interface gives it.
pub(super) struct ErrorAnswer {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) inner: Option<Value>,
}

impl ErrorAnswer {
    /// A Key Vault has `innererror`; a Managed HSM has none, and ends each message with an
    /// activity's number.
    pub(super) fn into_response(self, flavour: Flavour) -> Response {
        let body = match flavour {
            Flavour::Vault => json!({"error": {
                "code": self.code,
                "message": self.message,
                "innererror": self.inner,
            }}),
            Flavour::ManagedHsm => json!({"error": {
                "code": self.code,
                "message": format!("{} (Activity ID: {})", self.message, activity()),
            }}),
        };
        (self.status, Json(body)).into_response()
    }
}

/// A random number in the form of a GUID; without randomness all zeros, which names nothing less.
fn activity() -> String {
    let mut bytes = [0; 16];
    let _ = SysRng.try_fill_bytes(&mut bytes);
    let hex = keyferry_core::to_hex(&bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}
