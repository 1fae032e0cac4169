//! What the practice vault answers when it says no: Key Vault's status and JSON, our cause inside.

use super::cause::Cause;
use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal: a cause, and a sentence about this request. No secret stands in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    cause: Cause,
    message: String,
    challenge: Option<String>,
}

impl Refusal {
    /// A refusal with its sentence.
    pub(super) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            message: message.into(),
            challenge: None,
        }
    }

    /// The 401 whose `WWW-Authenticate` tells a client where to get a token.
    ///
    /// Both addresses are the practice vault's own. A real credential that is pointed here by
    /// mistake asks its tenant for a token for `https://127.0.0.1:PORT`, which no tenant gives:
    /// no real token ever arrives.
    pub(super) fn challenge(base_url: &str) -> Self {
        Self {
            cause: Cause::NoToken,
            message: "AKV10000: Request is missing a Bearer or PoP token.".to_owned(),
            challenge: Some(format!(
                "Bearer authorization=\"{base_url}/practice\", resource=\"{base_url}\""
            )),
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
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.cause.status();
        let body = json!({"error": {
            "code": code,
            "message": self.message,
            "innererror": {"code": self.cause.code(), "message": self.cause.advice()},
        }});
        let mut response = (status, Json(body)).into_response();
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::try_from(text).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
