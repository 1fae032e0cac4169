//! The practice vault's three calls, and what every request must have.

use super::bundle::bundle;
use super::cause::Cause;
use super::import::import;
use super::opened::Opened;
use super::refusal::Refusal;
use super::request::{CreateBody, ImportBody, KeyName, Settings};
use super::store::{Store, StoredKey, internal};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use keyferry_core::KekBits;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// On every answer, so that none can be taken for Azure's.
const PRACTICE: HeaderName = HeaderName::from_static("x-keyferry-practice");
const PRACTICE_TEXT: &str = "practice vault: keys in memory only, nothing reaches Azure";
/// A 64 KiB file in base64url and its call around it.
const MAX_BODY: usize = 128 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Create, get and import under `/keys`.
pub(super) fn router(store: Arc<Store>) -> Router {
    Router::new()
        .route("/keys/{name}", get(newest).put(import_key))
        // Clients that ask for no version leave the slash.
        .route("/keys/{name}/", get(newest))
        .route("/keys/{name}/create", post(create_key))
        .route("/keys/{name}/{version}", get(of_version))
        .fallback(async || {
            Refusal::new(Cause::PathNotFound, "The practice vault has no such path.")
        })
        .method_not_allowed_fallback(async || {
            Refusal::new(Cause::Method, "This path takes another method.")
        })
        .layer(from_fn_with_state(Arc::clone(&store), gate))
        .with_state(store)
}

/// Token first, as Key Vault does: clients send their first request without one, and without a body.
async fn gate(State(store): State<Arc<Store>>, request: Request, next: Next) -> Response {
    let mut response = if !has_token(request.headers()) {
        Refusal::challenge(&store.base_url()).into_response()
    } else if !request.uri().query().is_some_and(has_api_version) {
        Refusal::new(
            Cause::ApiVersion,
            "api-version is missing or is not recognized: use 7.4 or newer.",
        )
        .into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(PRACTICE, HeaderValue::from_static(PRACTICE_TEXT));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Any token will do: there is nobody to check it, and nothing behind it to protect.
fn has_token(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.split_once(' ').is_some_and(|(scheme, token)| {
        scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()
    })
}

/// `7.4` and later of that line (`7.6-preview.2`), or a date, the form since 2025.
fn has_api_version(query: &str) -> bool {
    let Some(version) = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("api-version="))
    else {
        return false;
    };
    let released = version
        .split_once("-preview")
        .map_or(version, |(released, _)| released);
    if let Some(minor) = released.strip_prefix("7.") {
        return minor.parse::<u32>().is_ok_and(|minor| minor >= 4);
    }
    let mut parts = released.split('-').map(str::parse::<u32>);
    matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (Some(Ok(2025..)), Some(Ok(1..=12)), Some(Ok(1..=31)), None)
    )
}

async fn newest(
    State(store): State<Arc<Store>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let key = store.get(&KeyName::parse(&name)?, None)?;
    Ok(answer(&key))
}

async fn of_version(
    State(store): State<Arc<Store>>,
    Path((name, version)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let key = store.get(&KeyName::parse(&name)?, Some(&version))?;
    Ok(answer(&key))
}

async fn create_key(
    State(store): State<Arc<Store>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let name = KeyName::parse(&name)?;
    let body: CreateBody = read_json(body).await?;
    if body.kty != "RSA-HSM" {
        return Err(Refusal::new(
            Cause::KeyType,
            "kty is not RSA-HSM: the practice vault makes KEKs alone.",
        ));
    }
    let bits = body.key_size.unwrap_or(2048);
    let bits = KekBits::from_bits(bits).ok_or_else(|| {
        Refusal::new(
            Cause::KeySize,
            format!("key_size {bits} is not 2048, 3072 or 4096."),
        )
    })?;
    let settings = Settings::of_created(&body)?;
    let key = blocking(move || store.create_rsa(&name, bits, settings)).await?;
    Ok(answer(&key))
}

async fn import_key(
    State(store): State<Arc<Store>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let name = KeyName::parse(&name)?;
    let body: ImportBody = read_json(body).await?;
    let (key, opened) = blocking(move || import(&store, &name, &body)).await?;
    let mut response = answer(&key);
    if let Some(findings) = findings(&opened) {
        response.headers_mut().insert(
            HeaderName::from_static("x-keyferry-practice-findings"),
            findings,
        );
    }
    Ok(response)
}

/// What is odd about an opened key, for whoever reads headers.
fn findings(opened: &Opened) -> Option<HeaderValue> {
    let quirks: Vec<String> = opened.quirks.iter().map(ToString::to_string).collect();
    if quirks.is_empty() {
        None
    } else {
        HeaderValue::try_from(quirks.join(", ")).ok()
    }
}

fn answer(key: &StoredKey) -> Response {
    Json(bundle(key)).into_response()
}

async fn read_json<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let bytes: Bytes = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY))
        .await
        .map_err(|_| Refusal::new(Cause::Body, "The request's body did not arrive in time."))?
        .map_err(|_| {
            Refusal::new(
                Cause::BodySize,
                format!("The request's body is larger than {MAX_BODY} bytes or broke off."),
            )
        })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Refusal::new(
            Cause::Body,
            format!("The request's body is refused: {error}."),
        )
    })
}

/// Runs what computes for milliseconds or seconds where it does not hold up others.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_api_versions_from_7_4_on() {
        for version in [
            "7.4",
            "7.5",
            "7.6-preview.2",
            "7.10",
            "2025-07-01",
            "2026-01-01-preview",
        ] {
            assert!(
                has_api_version(&format!("a=b&api-version={version}")),
                "{version}"
            );
        }
    }

    #[test]
    fn refuses_api_versions_before_7_4_and_none() {
        for query in [
            "",
            "api-version=",
            "api-version=7.3",
            "api-version=7.3-preview",
            "api-version=2016-10-01",
            "api=7.4",
            "api-version=7.4x",
        ] {
            assert!(!has_api_version(query), "{query}");
        }
    }
}
