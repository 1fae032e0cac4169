//! From a request to its answer: token first, then the call, with the fault that strikes it.

use super::bundle::{bundle, deleted_bundle, deleted_item, item, names, page};
use super::call::Call;
use super::cause::Cause;
use super::fault::{Fault, Mischief};
use super::flavour::Flavour;
use super::refusal::{Refusal, challenge};
use super::request::{CreateBody, KeyName, Settings, UpdateBody};
use super::store::{Store, StoredKey, internal};
use super::{deeds, fault_answer, import, sign_in};
use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
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

/// What all requests of a run share.
pub(super) struct Counter {
    pub(super) store: Arc<Store>,
    pub(super) flavour: Flavour,
    pub(super) mischief: Mischief,
}

/// The connection is to close without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed without an answer, as told")]
pub(super) struct HangUp;

impl Counter {
    /// The answer to one request.
    pub(super) async fn answer(&self, request: Request) -> Result<Response, HangUp> {
        let mut response = self.respond(request).await?;
        let headers = response.headers_mut();
        headers.insert(PRACTICE, HeaderValue::from_static(PRACTICE_TEXT));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    /// Token first, as Key Vault does: clients send their first request without one, and without a body.
    async fn respond(&self, request: Request) -> Result<Response, HangUp> {
        let base_url = self.store.base_url();
        if let Some(answer) = sign_in::answer(request.method(), request.uri().path(), &base_url) {
            return Ok(answer);
        }
        if !has_token(request.headers()) {
            let message = "AKV10000: Request is missing a Bearer or PoP token.";
            return Ok(challenge(self.flavour, &base_url, message));
        }
        if !request.uri().query().is_some_and(has_api_version) {
            let refusal = Refusal::new(
                Cause::ApiVersion,
                "api-version is missing or is not recognized: use 7.4 or newer.",
            );
            return Ok(refusal.into_answer(self.flavour));
        }
        let call = match Call::parse(request.method(), request.uri().path()) {
            Ok(call) => call,
            Err(refusal) => return Ok(refusal.into_answer(self.flavour)),
        };
        let fault = self.mischief.strike(&call);
        if fault == Some(Fault::Gone) {
            return Err(HangUp);
        }
        if let Some(fault) = fault
            && let Some(answer) = fault_answer::instead(fault, &call, self.flavour, &base_url)
        {
            return Ok(answer);
        }
        let answer = self
            .done(call, request.into_body())
            .await
            .unwrap_or_else(|refusal| refusal.into_answer(self.flavour));
        match fault {
            None => Ok(answer),
            Some(Fault::AnswerLost) => Err(HangUp),
            Some(fault) => Ok(fault_answer::spoil(fault, answer).await),
        }
    }

    /// Does what was asked.
    async fn done(&self, call: Call, body: Body) -> Result<Response, Refusal> {
        let store = &self.store;
        let json = |value: serde_json::Value| Json(value).into_response();
        Ok(match call {
            Call::Create(name) => self.create(name, body).await?,
            Call::Import(name) => self.import(name, body).await?,
            Call::Get(name, version) => answer(&*store.get(&name, &version)?),
            Call::List => json(names(&store.list())),
            Call::Versions(name) => {
                let versions = store.versions(&name)?;
                json(page(
                    versions.iter().map(|key| item(key, &key.kid)).collect(),
                ))
            }
            Call::Update(name, version) => {
                let body: UpdateBody = read_json(body).await?;
                let change = |settings: &Settings, all: &_| settings.updated(&body, all);
                answer(&*store.update(&name, &version, change)?)
            }
            Call::Delete(name) => json(deleted_bundle(&store.delete(&name)?)),
            Call::Use(name, version, deed) => {
                let key = store.get(&name, &version)?;
                let body = read_json(body).await?;
                json(blocking(move || deeds::perform(&key, deed, &body)).await?)
            }
            Call::ListDeleted => json(page(
                store.list_deleted().iter().map(deleted_item).collect(),
            )),
            Call::GetDeleted(name) => json(deleted_bundle(&store.deleted(&name)?)),
            Call::Recover(name) => answer(&*store.recover(&name)?),
            Call::Purge(name) => {
                store.purge(&name)?;
                StatusCode::NO_CONTENT.into_response()
            }
        })
    }

    async fn create(&self, name: KeyName, body: Body) -> Result<Response, Refusal> {
        let body: CreateBody = read_json(body).await?;
        if body.kty != "RSA-HSM" {
            return Err(Refusal::new(
                Cause::KeyType,
                "kty is not RSA-HSM: the practice vault makes RSA keys alone.",
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
        let store = Arc::clone(&self.store);
        let key = blocking(move || store.create_rsa(&name, bits, settings)).await?;
        Ok(answer(&key))
    }

    async fn import(&self, name: KeyName, body: Body) -> Result<Response, Refusal> {
        let body = read_json(body).await?;
        let (store, flavour) = (Arc::clone(&self.store), self.flavour);
        let (key, opened) = blocking(move || import::import(&store, flavour, &name, &body)).await?;
        let mut response = answer(&key);
        let quirks: Vec<String> = opened.quirks.iter().map(ToString::to_string).collect();
        if let Ok(findings) = HeaderValue::try_from(quirks.join(", "))
            && !quirks.is_empty()
        {
            // What is odd about an opened key, for whoever reads headers.
            let name = HeaderName::from_static("x-keyferry-practice-findings");
            response.headers_mut().insert(name, findings);
        }
        Ok(response)
    }
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
