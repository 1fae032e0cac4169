//! HTTPS that trusts one certificate authority.

use super::error::VaultError;
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;

/// An RSA-4096 key takes the practice vault seconds to make, on a busy machine many.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A client that trusts `ca_der` and nothing else, by ring, over no proxy, and follows nothing:
/// what is meant for loopback must not leave it.
pub(super) fn trusting(ca_der: &[u8]) -> Result<reqwest::Client, VaultError> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(ca_der.to_vec()))
        .map_err(VaultError::setup)?;
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(VaultError::setup)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .no_proxy()
        .redirect(Policy::none())
        .timeout(TIMEOUT)
        .build()
        .map_err(VaultError::setup)
}
