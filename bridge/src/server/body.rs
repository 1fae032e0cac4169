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

fn limits(request: &Request) -> Limits {
    let limits = request.extensions().get::<Limits>();
    limits.copied().unwrap_or_default()
}

async fn read<T: DeserializeOwned>(
    request: Request,
    limits: Limits,
    most: usize,
) -> Result<T, Problem> {
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    if declared.is_some_and(|length| length.parse().map_or(true, |n: u64| n > most as u64)) {
        return Err(Problem::body_too_large(most));
    }
    // One deadline for all of it: a byte now and then does not prolong it.
    let bytes = tokio::time::timeout(limits.body_time, collect(request.into_body(), most))
        .await
        .map_err(|_| Problem::body_too_slow())??;
    // Serde takes a list for a struct as well; on the wire an order is an object.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::body_not_understood());
    }
    serde_json::from_slice(&bytes).map_err(|_| Problem::body_not_understood())
}

async fn collect(body: Body, most: usize) -> Result<Vec<u8>, Problem> {
    match Limited::new(body, most).collect().await {
        Ok(whole) => Ok(whole.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::body_too_large(most)),
        Err(_) => Err(Problem::body_not_understood()),
    }
}
