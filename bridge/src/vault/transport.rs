//! HTTPS as every call goes out: TLS by ring, no redirects, answers bounded, and one host alone.

use super::error::VaultError;
use super::failure::{Failure, TransportFailure};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::sync::Arc;
use std::time::Duration;

/// An RSA-4096 key takes an HSM, or the practice vault on a busy machine, many seconds to make.
const TIMEOUT: Duration = Duration::from_secs(120);
/// A vault that is there answers in milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Identity of a virtual machine is asked of a neighbour that is there at once or not at all.
const METADATA_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read. A key with its attestation stays below 64 KiB, a page of a list
/// of 25 keys below 32 KiB.
const MAX_ANSWER: usize = 1024 * 1024;

/// A client whose every answer has a bound, and which speaks to one host or to any.
#[derive(Debug, Clone)]
pub(super) struct Bounded {
    http: reqwest::Client,
    only: Option<String>,
}

impl Bounded {
    /// Speaks to any host; for sign-in, whose host the credential chooses.
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self { http, only: None }
    }

    /// Speaks to this `HOST` or `HOST:PORT` alone: a vault's answer must not send its token elsewhere.
    pub(super) fn only(http: reqwest::Client, authority: String) -> Self {
        Self {
            http,
            only: Some(authority),
        }
    }

    async fn send(&self, request: &Request) -> Result<AsyncRawResponse, TransportFailure> {
        let url = request.url();
        if let Some(only) = &self.only
            && url.authority() != only
        {
            return Err(TransportFailure::new(
                Failure::Elsewhere,
                format!("an answer pointed to {}", url.authority()),
            ));
        }
        let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|error| TransportFailure::new(Failure::Unsent, error.to_string()))?;
        let mut outgoing = self.http.request(method, url.clone());
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        outgoing = match request.body() {
            Body::Bytes(bytes) => outgoing.body(bytes.clone()),
            Body::SeekableStream(_) => {
                return Err(TransportFailure::new(
                    Failure::Unsent,
                    "a body of unknown length",
                ));
            }
        };
        let mut answer = outgoing.send().await.map_err(TransportFailure::of)?;
        let status = answer.status().as_u16().into();
        let headers = headers(answer.headers());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(TransportFailure::of_body)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(TransportFailure::new(
                    Failure::TooLarge,
                    format!("it is larger than {MAX_ANSWER} bytes"),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}

#[async_trait::async_trait]
impl HttpClient for Bounded {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.send(request).await.map_err(Into::into)
    }
}

/// A client that trusts what the system trusts (a company's CA included; `SSL_CERT_FILE` counts
/// where the system keeps its roots in files), through the system's proxy.
pub(super) fn by_system() -> Result<reqwest::ClientBuilder, VaultError> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(VaultError::setup)?
        .with_no_client_auth();
    Ok(builder(tls))
}

/// A client that trusts `ca_der` and nothing else, over no proxy: what is meant for loopback must
/// not leave it.
pub(super) fn trusting(ca_der: &[u8]) -> Result<reqwest::Client, VaultError> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(ca_der.to_vec()))
        .map_err(VaultError::setup)?;
    builder(with_roots(roots)?)
        .no_proxy()
        .build()
        .map_err(VaultError::setup)
}

/// As [`trusting`], with `host` at another address.
#[cfg(test)]
pub(super) fn routed(
    ca_der: &[u8],
    host: &str,
    address: std::net::SocketAddr,
) -> Result<reqwest::Client, VaultError> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(ca_der.to_vec()))
        .map_err(VaultError::setup)?;
    builder(with_roots(roots)?)
        .no_proxy()
        .resolve(host, address)
        .build()
        .map_err(VaultError::setup)
}

/// A client of the machine's own identity service, which speaks plain HTTP on a link-local address
/// and is never behind a proxy. TLS is set up all the same, with no root: nothing of it is trusted.
pub(super) fn metadata() -> Result<reqwest::Client, VaultError> {
    builder(with_roots(RootCertStore::empty())?)
        .https_only(false)
        .no_proxy()
        .timeout(METADATA_TIMEOUT)
        .build()
        .map_err(VaultError::setup)
}

fn with_roots(roots: RootCertStore) -> Result<ClientConfig, VaultError> {
    Ok(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(VaultError::setup)?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

fn builder(tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
}

/// A header that is not text says nothing that is read here.
fn headers(map: &reqwest::header::HeaderMap) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in map {
        if let Ok(value) = value.to_str() {
            headers.insert(
                HeaderName::from(name.as_str().to_owned()),
                HeaderValue::from(value.to_owned()),
            );
        }
    }
    headers
}
