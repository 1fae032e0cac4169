//! Errors as they leave over HTTP: `{"error":{"code","message","advice"}}` and a status.

use axum::Json;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use keyferry_core::ErrorBody;
use serde::Serialize;

use super::guard::Refusal;

/// A refusal or failure, ready to be sent.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    body: ErrorBody,
}

#[derive(Serialize)]
struct Envelope {
    error: ErrorBody,
}

impl Problem {
    pub(super) fn new(status: StatusCode, body: ErrorBody) -> Self {
        Self { status, body }
    }

    fn fixed(status: StatusCode, code: &str, message: &str, advice: &str) -> Self {
        let body = ErrorBody {
            code: code.into(),
            message: message.into(),
            advice: advice.into(),
        };
        Self { status, body }
    }

    /// A defect of ours. What it was stands in the log, not here.
    pub(super) fn internal() -> Self {
        Self::fixed(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The bridge could not answer because of a defect in it.",
            "Look at the bridge's own output. Try again; if it stays, report it.",
        )
    }

    pub(super) fn route_unknown() -> Self {
        Self::fixed(
            StatusCode::NOT_FOUND,
            "route-unknown",
            "The bridge has no such route.",
            "Reload the page, so that page and bridge are of one version.",
        )
    }

    /// `most` is how many bytes the route takes.
    pub(super) fn body_too_large(most: usize) -> Self {
        Self::fixed(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            &format!("The request is larger than {} KiB.", most / 1024),
            "A key exchange key takes a few kilobytes: check that the right file was chosen. Of many keys, order fewer at once.",
        )
    }

    pub(super) fn body_too_slow() -> Self {
        Self::fixed(
            StatusCode::REQUEST_TIMEOUT,
            "body-too-slow",
            "The request did not arrive in time.",
            "Try again.",
        )
    }

    pub(super) fn bridge_busy() -> Self {
        Self::fixed(
            StatusCode::SERVICE_UNAVAILABLE,
            "bridge-busy",
            "The bridge is busy with an earlier request, or waits for an answer to it.",
            "Answer the prompt in the terminal or the pinentry window, then try again.",
        )
    }

    /// The body is not JSON of the route's shape. The parser's words stay here: they quote the input.
    pub(super) fn body_not_understood() -> Self {
        Self::fixed(
            StatusCode::BAD_REQUEST,
            "body-not-understood",
            "The request's body is not what this route takes.",
            "Reload the page, so that page and bridge are of one version.",
        )
    }

    pub(super) fn launch_code_refused() -> Self {
        Self::fixed(
            StatusCode::UNAUTHORIZED,
            "launch-code-refused",
            "This launch code was used already, or is too old.",
            "Open the address that `keyferry serve` printed for this run.",
        )
    }

    pub(super) fn other_tab() -> Self {
        Self::fixed(
            StatusCode::CONFLICT,
            "other-tab",
            "Another tab works with this bridge.",
            "Go on in that tab, or take the bridge over in this one. What was begun there goes its way.",
        )
    }

    pub(super) fn kek_changed() -> Self {
        Self::fixed(
            StatusCode::CONFLICT,
            "kek-thumbprint-differs",
            "The key exchange key in the request is not the one whose thumbprint the page showed.",
            "Nothing was wrapped. Load the key exchange key again and compare its thumbprint.",
        )
    }

    pub(super) fn plan_unknown() -> Self {
        Self::fixed(
            StatusCode::NOT_FOUND,
            "plan-unknown",
            "The bridge knows no plan with this hash.",
            "Make the plan again; the bridge keeps the last few that were not run.",
        )
    }

    pub(super) fn plan_under_way() -> Self {
        Self::fixed(
            StatusCode::CONFLICT,
            "plan-under-way",
            "Another plan is being run.",
            "Wait for its end, or stop it. One plan runs at a time.",
        )
    }

    pub(super) fn vault_offline() -> Self {
        Self::fixed(
            StatusCode::FORBIDDEN,
            "vault-offline",
            "This bridge was started with --offline and connects to no vault.",
            "Carry the file to a workstation that is online, and import it there with the command that the page shows.",
        )
    }

    pub(super) fn vault_not_built() -> Self {
        Self::fixed(
            StatusCode::NOT_IMPLEMENTED,
            "vault-not-built",
            "This bridge was built without the client that speaks to vaults.",
            "Import the file with the command that the page shows, or use a build with the feature `vault`.",
        )
    }

    pub(super) fn body(&self) -> &ErrorBody {
        &self.body
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::fixed(
            refusal.status(),
            refusal.code(),
            &refusal.to_string(),
            refusal.advice(),
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Envelope { error: self.body })).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 §15.5.2 asks for it.
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
