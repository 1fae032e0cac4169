//! The client of Key Vault's keys: Azure's own SDK, on a transport of ours.

use super::error::VaultError;
use super::practice::PracticeVault;
use super::spki;
use super::transport;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::{ClientOptions, RequestContent, RetryOptions, Transport};
use azure_security_keyvault_keys::models::{
    CreateKeyParameters, CurveName, ImportKeyParameters, JsonWebKey, Key, KeyClientGetKeyOptions,
    KeyOperation as SdkOperation, KeyType,
};
use azure_security_keyvault_keys::{KeyClient, KeyClientOptions};
use keyferry_core::{Curve, Family, KekBits, KeyOperation, TargetKind};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// A client of one vault.
pub struct VaultClient {
    keys: KeyClient,
}

/// A key as a vault gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultKey {
    /// Its identifier, with version.
    pub kid: String,
    /// `key_ops`.
    pub operations: Vec<String>,
    /// Public half as SubjectPublicKeyInfo DER; none for AES, whose answer holds none.
    pub spki: Option<Vec<u8>>,
}

impl VaultClient {
    /// A client of the practice vault: it trusts that run's CA and nothing else, and goes through
    /// no proxy. The challenge's resource is not compared with the address only here, because the
    /// comparison wants a domain and loopback has none.
    ///
    /// # Errors
    /// [`VaultError::Setup`].
    pub fn practice(vault: &PracticeVault) -> Result<Self, VaultError> {
        let transport = transport::trusting(vault.ca_der())?;
        let options = KeyClientOptions {
            client_options: ClientOptions {
                transport: Some(Transport::new(Arc::new(transport))),
                retry: RetryOptions::none(),
                ..ClientOptions::default()
            },
            verify_challenge_resource: Some(false),
            ..KeyClientOptions::default()
        };
        let keys = KeyClient::new(
            &vault.base_url(),
            Arc::new(PracticeCredential),
            Some(options),
        )
        .map_err(VaultError::setup)?;
        Ok(Self { keys })
    }

    /// Makes a KEK: RSA-HSM with the operation `import` alone.
    ///
    /// # Errors
    /// [`VaultError`]; a name that exists gets a new version.
    pub async fn create_kek(&self, name: &str, bits: KekBits) -> Result<VaultKey, VaultError> {
        self.create_rsa(name, bits, vec![SdkOperation::Import])
            .await
    }

    /// Makes an RSA-HSM key with exactly these operations.
    pub(super) async fn create_rsa(
        &self,
        name: &str,
        bits: KekBits,
        operations: Vec<SdkOperation>,
    ) -> Result<VaultKey, VaultError> {
        let parameters = CreateKeyParameters {
            kty: Some(KeyType::RsaHsm),
            key_size: i32::try_from(bits.bits()).ok(),
            key_ops: Some(operations),
            ..CreateKeyParameters::default()
        };
        let content = RequestContent::try_from(parameters)?;
        read(
            self.keys
                .create_key(name, content, None)
                .await?
                .into_model()?,
        )
    }

    /// A key, by version or the newest.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn get_key(&self, name: &str, version: Option<&str>) -> Result<VaultKey, VaultError> {
        let options = KeyClientGetKeyOptions {
            key_version: version.map(str::to_owned),
            ..Default::default()
        };
        read(self.keys.get_key(name, Some(options)).await?.into_model()?)
    }

    /// Imports a `.byok` file; `file` is the whole of it.
    ///
    /// # Errors
    /// [`VaultError`]; a name that exists gets a new version.
    pub async fn import_byok(
        &self,
        name: &str,
        kind: TargetKind,
        operations: &[KeyOperation],
        file: &[u8],
    ) -> Result<VaultKey, VaultError> {
        let key = JsonWebKey {
            kty: Some(match kind.family() {
                Family::Rsa => KeyType::RsaHsm,
                Family::Ec => KeyType::EcHsm,
                Family::Aes => KeyType::OctHsm,
            }),
            crv: kind.curve().map(sdk_curve),
            key_ops: Some(
                operations
                    .iter()
                    .map(|operation| operation.name().to_owned())
                    .collect(),
            ),
            t: Some(file.to_vec()),
            ..JsonWebKey::default()
        };
        let parameters = ImportKeyParameters {
            key: Some(key),
            ..ImportKeyParameters::default()
        };
        let content = RequestContent::try_from(parameters)?;
        read(
            self.keys
                .import_key(name, content, None)
                .await?
                .into_model()?,
        )
    }
}

fn sdk_curve(curve: Curve) -> CurveName {
    match curve {
        Curve::P256 => CurveName::P256,
        Curve::P384 => CurveName::P384,
        Curve::P521 => CurveName::P521,
        Curve::P256K => CurveName::P256K,
    }
}

/// The public half out of an answer.
fn read(answer: Key) -> Result<VaultKey, VaultError> {
    let key = answer.key.ok_or_else(|| incomplete("key"))?;
    let kid = key.kid.ok_or_else(|| incomplete("kid"))?;
    let spki = match key.kty.ok_or_else(|| incomplete("kty"))? {
        KeyType::Rsa | KeyType::RsaHsm => {
            let (n, e) = key.n.zip(key.e).ok_or_else(|| incomplete("n and e"))?;
            Some(spki::rsa(&n, &e))
        }
        KeyType::Ec | KeyType::EcHsm => {
            let (x, y) = key.x.zip(key.y).ok_or_else(|| incomplete("x and y"))?;
            let curve = match key.crv {
                Some(CurveName::P256) => Curve::P256,
                Some(CurveName::P384) => Curve::P384,
                Some(CurveName::P521) => Curve::P521,
                Some(CurveName::P256K) => Curve::P256K,
                _ => return Err(incomplete("crv")),
            };
            Some(spki::ec(curve, &x, &y))
        }
        _ => None,
    };
    let spki = spki
        .transpose()
        .map_err(|error| VaultError::Answer(error.to_string()))?;
    Ok(VaultKey {
        kid,
        operations: key.key_ops.unwrap_or_default(),
        spki,
    })
}

fn incomplete(member: &str) -> VaultError {
    VaultError::Answer(format!("it has no {member}"))
}

/// A token of no value, for the practice vault, which takes any.
#[derive(Debug)]
struct PracticeCredential;

#[async_trait::async_trait]
impl TokenCredential for PracticeCredential {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new(
            "keyferry-practice",
            OffsetDateTime::now_utc() + Duration::from_secs(3600),
        ))
    }
}
