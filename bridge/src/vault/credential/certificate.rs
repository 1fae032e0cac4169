//! A service principal's certificate as the assertion that the sign-in host takes (RFC 7523 §3,
//! signed by RS256 and naming the certificate by `x5t`, RFC 7515 §4.1.7). Azure's own credential of
//! this kind would bring OpenSSL along.

use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use getrandom::SysRng;
use getrandom::rand_core::TryRng;
use rustls::SignatureScheme;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// How long an assertion is good, in seconds: it is used at once.
const LIFETIME: i64 = 300;
/// Larger than any certificate chain with its key.
const MAX_PEM: u64 = 256 * 1024;

/// Signs assertions for one application at one sign-in address.
pub(super) struct CertificateAssertion {
    key: Arc<dyn SigningKey>,
    header: String,
    client: String,
    audience: String,
}

impl CertificateAssertion {
    /// Reads a PEM file with the certificate (first), its chain and its RSA key.
    ///
    /// # Errors
    /// What is wrong with the file, without its content.
    pub(super) fn read(
        path: &Path,
        send_chain: bool,
        client: &str,
        audience: String,
    ) -> Result<Self, String> {
        let shown = crate::error::shown(path);
        let metadata = std::fs::metadata(path).map_err(|error| format!("{shown}: {error}"))?;
        if !metadata.is_file() || metadata.len() > MAX_PEM {
            return Err(format!("{shown} is no PEM file with a certificate"));
        }
        let pem = std::fs::read(path)
            .map(Zeroizing::new)
            .map_err(|error| format!("{shown}: {error}"))?;
        Self::of_pem(&pem, send_chain, client, audience)
            .map_err(|reason| format!("{shown}: {reason}"))
    }

    pub(super) fn of_pem(
        pem: &[u8],
        send_chain: bool,
        client: &str,
        audience: String,
    ) -> Result<Self, &'static str> {
        let chain = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "its PEM is broken")?;
        let certificate = chain.first().ok_or("it holds no certificate")?;
        let key = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| "it holds no private key, or an encrypted one")?;
        let key =
            ring::sign::any_supported_type(&key).map_err(|_| "its private key cannot be read")?;
        if key
            .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
            .is_none()
        {
            return Err("its private key is not RSA");
        }
        let mut header = json!({
            "alg": "RS256",
            "typ": "JWT",
            "x5t": Base64UrlUnpadded::encode_string(&Sha1::digest(certificate)),
        });
        if send_chain && let Some(members) = header.as_object_mut() {
            let chain: Vec<Value> = chain
                .iter()
                .map(|certificate| Base64::encode_string(certificate).into())
                .collect();
            members.insert("x5c".to_owned(), chain.into());
        }
        Ok(Self {
            key,
            header: part(&header),
            client: client.to_owned(),
            audience,
        })
    }

    /// One assertion, good from `now` on (seconds since 1970).
    pub(super) fn assertion(&self, now: i64) -> Option<String> {
        let mut id = [0; 16];
        SysRng.try_fill_bytes(&mut id).ok()?;
        let claims = json!({
            "aud": self.audience,
            "iss": self.client,
            "sub": self.client,
            "jti": keyferry_core::to_hex(&id),
            "nbf": now,
            "exp": now + LIFETIME,
        });
        let signed = format!("{}.{}", self.header, part(&claims));
        let signer = self
            .key
            .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])?;
        let signature = signer.sign(signed.as_bytes()).ok()?;
        Some(format!(
            "{signed}.{}",
            Base64UrlUnpadded::encode_string(&signature)
        ))
    }
}

fn part(value: &Value) -> String {
    Base64UrlUnpadded::encode_string(value.to_string().as_bytes())
}

impl fmt::Debug for CertificateAssertion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CertificateAssertion")
    }
}

#[async_trait::async_trait]
impl ClientAssertion for CertificateAssertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        self.assertion(now).ok_or_else(|| {
            azure_core::Error::with_message(
                azure_core::error::ErrorKind::Credential,
                "the certificate's key could not sign",
            )
        })
    }
}
