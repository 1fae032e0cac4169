//! What a fault looks like from outside: the service's own words, or a broken answer.

use super::call::Call;
use super::fault::Fault;
use super::flavour::Flavour;
use super::refusal::{ErrorAnswer, challenge};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// Seconds that a throttled client is told to wait.
const RETRY_AFTER: &str = "1";
/// Between the half of an answer and the end of its connection.
const BREATH: Duration = Duration::from_millis(50);
/// The huge body: so many pieces of a mebibyte.
const PIECES: usize = 100;
const PIECE: usize = 1024 * 1024;
/// No answer of ours is near this.
const MAX_ANSWER: usize = 1024 * 1024;

/// An answer in place of the call; none for the faults that let the call do its work.
pub(super) fn instead(
    fault: Fault,
    call: &Call,
    flavour: Flavour,
    base_url: &str,
) -> Option<Response> {
    let caller = "Caller: appid=00000000-0000-0000-0000-000000000000;oid=00000000-0000-0000-0000-000000000000;\
                  iss=https://sts.windows.net/00000000-0000-0000-0000-000000000000/\r\nVault: practice;location=practice";
    let forbidden = |inner: &str, message: String| ErrorAnswer {
        status: StatusCode::FORBIDDEN,
        code: "Forbidden",
        message,
        inner: Some(json!({ "code": inner })),
    };
    let plain = |status, code, message: &str| ErrorAnswer {
        status,
        code,
        message: message.to_owned(),
        inner: None,
    };
    let error = match fault {
        Fault::ChallengeLoop => {
            let message = "AKV10022: Invalid audience.";
            return Some(challenge(flavour, base_url, message));
        }
        Fault::TokenExpired => {
            let message = "[TokenExpired] Error validating token: 'S2S12005: Lifetime validation failed. The token is expired.'.";
            return Some(challenge(flavour, base_url, message));
        }
        Fault::ForbiddenByRbac => forbidden(
            "ForbiddenByRbac",
            format!(
                "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or \
                 role definitions were changed recently, please observe propagation time.\r\n{caller}\r\n\
                 Action: 'Microsoft.KeyVault/vaults/keys/{}/action'\r\nAssignment: (not found)",
                action(call)
            ),
        ),
        Fault::ForbiddenByPolicy => forbidden(
            "ForbiddenByPolicy",
            format!(
                "The user, group or application 'appid=00000000-0000-0000-0000-000000000000' does not have keys {} \
                 permission on key vault 'practice;location=practice'. For help resolving this issue, please see \
                 https://go.microsoft.com/fwlink/?linkid=2125287",
                action(call)
            ),
        ),
        Fault::ForbiddenByFirewall => forbidden(
            "ForbiddenByFirewall",
            format!(
                "Client address is not authorized and caller is not a trusted service.\r\nClient address: 203.0.113.7\r\n{caller}"
            ),
        ),
        Fault::ForbiddenByNetwork => forbidden(
            "ForbiddenByConnection",
            format!(
                "Public network access is disabled and request is not from a trusted service nor via an approved \
                 private link.\r\n{caller}"
            ),
        ),
        Fault::KeyNotFound => plain(
            StatusCode::NOT_FOUND,
            "KeyNotFound",
            "A key with (name/id) practice was not found in this key vault. If you recently deleted this key you may \
             be able to recover it using the correct recovery command. For help resolving this issue, please see \
             https://go.microsoft.com/fwlink/?linkid=2125182",
        ),
        Fault::SoftDeleted => ErrorAnswer {
            status: StatusCode::CONFLICT,
            code: "Conflict",
            message: "Key practice is currently in a deleted but recoverable state, and its name cannot be reused; in \
                      this state, the key can only be recovered or purged."
                .to_owned(),
            inner: Some(json!({"code": "ObjectIsDeletedButRecoverable"})),
        },
        Fault::Throttled | Fault::ThrottledBare => plain(
            StatusCode::TOO_MANY_REQUESTS,
            "Throttled",
            "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
        ),
        Fault::ServerError => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "Internal Server Error.",
        ),
        Fault::Unavailable => plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The service is temporarily unavailable.",
        ),
        Fault::StandardTier => plain(
            StatusCode::BAD_REQUEST,
            "BadParameter",
            "Hardware key operation not allowed on standard vault",
        ),
        Fault::HalfAnswer
        | Fault::HugeAnswer
        | Fault::OtherKid
        | Fault::OtherKey
        | Fault::Gone
        | Fault::AnswerLost => return None,
    };
    let mut response = error.into_response(flavour);
    if matches!(fault, Fault::Throttled | Fault::Unavailable) {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    }
    Some(response)
}

fn action(call: &Call) -> &'static str {
    match call {
        Call::Create(_) => "create",
        Call::Import(_) => "import",
        Call::Get(..)
        | Call::List
        | Call::Versions(_)
        | Call::ListDeleted
        | Call::GetDeleted(_) => "read",
        Call::Update(..) => "update",
        Call::Delete(_) => "delete",
        Call::Recover(_) => "recover",
        Call::Purge(_) => "purge",
        Call::Use(_, _, deed) => deed.name(),
    }
}

/// The answer of a call that has done its work, changed or broken by a fault.
pub(super) async fn spoil(fault: Fault, answer: Response) -> Response {
    match fault {
        Fault::HalfAnswer => half(answer).await,
        Fault::HugeAnswer => huge(),
        Fault::OtherKid => changed(answer, other_kid).await,
        Fault::OtherKey => changed(answer, other_key).await,
        _ => answer,
    }
}

/// The head promises the whole; the body ends in its middle.
async fn half(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let whole = to_bytes(body, MAX_ANSWER).await.unwrap_or_default();
    let sent = whole.slice(..whole.len() / 2);
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let broken = stream::once(async {
        // The first half has to be on its way before the connection ends.
        tokio::time::sleep(BREATH).await;
        Err(io::Error::other("half an answer, as told"))
    });
    let body = stream::iter([Ok(sent)]).chain(broken);
    Response::from_parts(parts, Body::from_stream(body))
}

fn huge() -> Response {
    let piece = Bytes::from(vec![b' '; PIECE]);
    let pieces = (0..PIECES).map(move |_| Ok::<_, io::Error>(piece.clone()));
    let body = Body::from_stream(stream::iter(pieces));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn changed(answer: Response, change: fn(&mut Value)) -> Response {
    let (mut parts, body) = answer.into_parts();
    let whole = to_bytes(body, MAX_ANSWER).await.unwrap_or_default();
    let Ok(mut document) = serde_json::from_slice(&whole) else {
        return Response::from_parts(parts, Body::from(whole));
    };
    change(&mut document);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(document.to_string()))
}

/// Another version of the same key.
fn other_kid(document: &mut Value) {
    if let Some(Value::String(kid)) = document.pointer_mut("/key/kid") {
        let last = if kid.ends_with('0') { '1' } else { '0' };
        kid.pop();
        kid.push(last);
    }
}

/// Another modulus or point of the same length.
fn other_key(document: &mut Value) {
    for member in ["/key/n", "/key/x"] {
        if let Some(Value::String(number)) = document.pointer_mut(member) {
            // The second character: the first one's highest bit says how long the number is.
            let second = if number.as_bytes().get(1) == Some(&b'A') {
                "B"
            } else {
                "A"
            };
            number.replace_range(1..2, second);
        }
    }
}
