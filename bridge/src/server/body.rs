//! Reads a request's body: small, in time, JSON of the shape that the route takes.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::limits::Limits;
use super::problem::Problem;

/// A body, parsed. The guard has seen to its content type.
pub(super) struct Order<T>(pub(super) T);

/// A body that names many keys, parsed: it may be larger than others.
pub(super) struct ManyKeys<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Order<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let limits = limits(&request);
        read(request, limits, limits.body_bytes).await.map(Self)
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for ManyKeys<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let limits = limits(&request);
        read(request, limits, limits.plan_bytes).await.map(Self)
    }
}

/// The request with its body here, when that is a small one. It is waited for before the request counts as one of those
/// under way, so that a client that does not send holds nobody up. A larger body, or one of no declared length, is read
/// as one of them: their number bounds what is held in memory.
///
/// # Errors
/// `body-too-slow`, `body-not-understood`.
pub(super) async fn arrived(request: Request, limits: Limits) -> Result<Request, Problem> {
    let small = declared(&request).is_some_and(|length| (1..=limits.body_bytes).contains(&length));
    if !small {
        return Ok(request);
    }
    let (head, body) = request.into_parts();
    let bytes = in_time(body, limits, limits.body_bytes).await?;
    Ok(Request::from_parts(head, Body::from(bytes)))
}

fn limits(request: &Request) -> Limits {
    let limits = request.extensions().get::<Limits>();
    limits.copied().unwrap_or_default()
}

async fn read<T: DeserializeOwned>(
    request: Request,
    limits: Limits,
    most: usize,
) -> Result<T, Problem> {
    if declared(&request).is_some_and(|length| length > most) {
        return Err(Problem::body_too_large(most));
    }
    let bytes = in_time(request.into_body(), limits, most).await?;
    // Serde takes a list for a struct as well; on the wire an order is an object.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::body_not_understood());
    }
    serde_json::from_slice(&bytes).map_err(|_| Problem::body_not_understood())
}

/// Its length, as its head says it; one that is no number, or too large for one, is larger than any limit.
fn declared(request: &Request) -> Option<usize> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    Some(length.to_str().ok()?.parse().unwrap_or(usize::MAX))
}

/// One deadline for all of it: a byte now and then does not prolong it.
async fn in_time(body: Body, limits: Limits, most: usize) -> Result<Vec<u8>, Problem> {
    tokio::time::timeout(limits.body_time, collect(body, most))
        .await
        .map_err(|_| Problem::body_too_slow())?
}

async fn collect(body: Body, most: usize) -> Result<Vec<u8>, Problem> {
    match Limited::new(body, most).collect().await {
        Ok(whole) => Ok(whole.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::body_too_large(most)),
        Err(_) => Err(Problem::body_not_understood()),
    }
}
