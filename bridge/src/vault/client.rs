//! The client of one vault's keys: Azure's own SDK, on a transport of ours. Made by
//! [`Outward::connect`](super::Outward::connect) alone.

use super::credential::UsedCredential;
use super::error::{Asked, VaultError};
use super::key::{KeyListing, VaultKey, Wanted, listing, sdk_curve};
use super::outward::{Outward, PracticeTrust};
use super::patience::{Effect, Patience};
use super::practice::PracticeVault;
use super::trouble::Trouble;
use crate::stopwatch::Stopwatch;
use azure_core::http::RequestContent;
use azure_security_keyvault_keys::KeyClient;
use azure_security_keyvault_keys::models::{
    CreateKeyParameters, EncryptionAlgorithm, ImportKeyParameters, JsonWebKey, KeyAttributes,
    KeyClientGetKeyOptions, KeyClientSignOptions, KeyClientUpdateKeyPropertiesOptions,
    KeyOperation as SdkOperation, KeyOperationParameters, KeyReleasePolicy, KeyType,
    SignParameters, SignatureAlgorithm, UpdateKeyPropertiesParameters,
};
use futures_util::TryStreamExt;
use keyferry_core::{Admission, ImportPlan, ImportType, KekBits, KeyName, VaultAddress};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;

/// Far more keys than a vault for BYOK holds; a bound, so that a list has one.
const MAX_LISTED: usize = 10_000;

/// Makes the SDK's client, with a fresh credential: how a token that the service no longer takes is
/// replaced.
pub(super) type Maker = Box<dyn Fn() -> Result<KeyClient, VaultError> + Send + Sync>;

/// A client of one vault.
pub struct VaultClient {
    make: Maker,
    keys: Mutex<Arc<KeyClient>>,
    vault: VaultAddress,
    admission: Admission,
    used: UsedCredential,
    patience: Patience,
    waited: Stopwatch,
}

/// What a new KEK gets.
#[derive(Debug, Clone, Default)]
pub struct KekWishes {
    /// Expires, seconds since 1970.
    pub expires: Option<i64>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl VaultClient {
    pub(super) fn new(
        make: Maker,
        vault: VaultAddress,
        admission: Admission,
        used: UsedCredential,
        patience: Patience,
    ) -> Result<Self, VaultError> {
        let keys = Mutex::new(Arc::new(make()?));
        Ok(Self {
            make,
            keys,
            vault,
            admission,
            used,
            patience,
            waited: Stopwatch::default(),
        })
    }

    /// A client of a practice vault that runs in this process.
    ///
    /// # Errors
    /// [`VaultError::Setup`].
    pub fn practice(vault: &PracticeVault) -> Result<Self, VaultError> {
        let outward = Outward::to_practice(PracticeTrust::from(vault), Patience::none());
        let address = VaultAddress::parse(&vault.base_url(), outward.admission())
            .map_err(VaultError::setup)?;
        outward.connect(&address)
    }

    /// The vault.
    pub fn vault(&self) -> &VaultAddress {
        &self.vault
    }

    /// Which kids this connection admits; what an examination of its keys needs.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// The credential in use.
    pub fn credential(&self) -> &UsedCredential {
        &self.used
    }

    /// How long the vault was waited for so far.
    pub(crate) fn waited(&self) -> Duration {
        self.waited.total()
    }

    /// Makes a KEK: RSA-HSM with the operation `import` alone. A name that exists gets a new version.
    ///
    /// # Errors
    /// [`VaultError`]; one that [`may_have_landed`](VaultError::may_have_landed) is settled by
    /// looking for the new version's tags.
    pub async fn create_kek(
        &self,
        name: &KeyName,
        bits: KekBits,
        wishes: &KekWishes,
    ) -> Result<VaultKey, VaultError> {
        let key = self
            .create_rsa(name, bits, vec![SdkOperation::Import], wishes)
            .await?;
        let modulus_bits = key.spki.as_deref().and_then(super::spki::rsa_bits);
        if modulus_bits != Some(bits.bits()) {
            return Err(VaultError::Differs {
                what: "key size",
                asked: format!("{} bits", bits.bits()),
                answered: modulus_bits
                    .map_or_else(|| key.kty.clone(), |bits| format!("{bits} bits")),
            });
        }
        Ok(key)
    }

    /// Makes an RSA-HSM key with exactly these operations.
    pub(super) async fn create_rsa(
        &self,
        name: &KeyName,
        bits: KekBits,
        operations: Vec<SdkOperation>,
        wishes: &KekWishes,
    ) -> Result<VaultKey, VaultError> {
        let parameters = CreateKeyParameters {
            kty: Some(KeyType::RsaHsm),
            key_size: i32::try_from(bits.bits()).ok(),
            key_ops: Some(operations),
            key_attributes: wishes.expires.map(|expires| KeyAttributes {
                expires: time(Some(expires)),
                ..KeyAttributes::default()
            }),
            tags: tags(&wishes.tags),
            ..CreateKeyParameters::default()
        };
        let answer = self
            .call(Effect::Changes, async |keys| {
                let content = RequestContent::try_from(parameters.clone())?;
                keys.create_key(name.as_str(), content, None)
                    .await?
                    .into_model()
            })
            .await?;
        self.wanted(name, None).read(answer)
    }

    /// A key, by version or the newest.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn show(
        &self,
        name: &KeyName,
        version: Option<&str>,
    ) -> Result<VaultKey, VaultError> {
        let answer = self
            .call(Effect::None, async |keys| {
                let options = KeyClientGetKeyOptions {
                    key_version: version.map(str::to_owned),
                    ..KeyClientGetKeyOptions::default()
                };
                keys.get_key(name.as_str(), Some(options))
                    .await?
                    .into_model()
            })
            .await?;
        self.wanted(name, version).read(answer)
    }

    /// The vault's keys.
    ///
    /// # Errors
    /// [`VaultError`]; a list of more than 10 000 keys is not read.
    pub async fn list(&self) -> Result<Vec<KeyListing>, VaultError> {
        let items = self
            .call(Effect::None, async |keys| {
                let mut pages = keys.list_key_properties(None)?;
                let mut items = Vec::new();
                while let Some(item) = pages.try_next().await? {
                    if items.len() >= MAX_LISTED {
                        return Err(too_long());
                    }
                    items.push(item);
                }
                Ok(items)
            })
            .await?;
        Ok(items
            .into_iter()
            .filter_map(|item| listing(item, &self.vault, &self.admission))
            .collect())
    }

    /// The versions of a key, as the vault lists them.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn versions(&self, name: &KeyName) -> Result<Vec<VersionListing>, VaultError> {
        let items = self
            .call(Effect::None, async |keys| {
                let mut pages = keys.list_key_properties_versions(name.as_str(), None)?;
                let mut items = Vec::new();
                while let Some(item) = pages.try_next().await? {
                    if items.len() >= MAX_LISTED {
                        return Err(too_long());
                    }
                    items.push(item);
                }
                Ok(items)
            })
            .await?;
        let version = |item: azure_security_keyvault_keys::models::KeyProperties| {
            let kid = keyferry_core::Kid::parse(item.kid.as_deref()?, &self.admission).ok()?;
            let of_name = kid.key_name().eq_ignore_ascii_case(name.as_str());
            (self.vault.holds(&kid) && of_name).then(|| VersionListing {
                version: kid.version().unwrap_or_default().to_owned(),
                tags: item.tags.unwrap_or_default().into_iter().collect(),
            })
        };
        Ok(items.into_iter().filter_map(version).collect())
    }

    /// Imports a `.byok` file; `file` is the whole of it. A name that exists gets a new version.
    ///
    /// # Errors
    /// [`VaultError`]; one that [`may_have_landed`](VaultError::may_have_landed) is settled by
    /// looking for the new version's tags and public key.
    pub async fn import(
        &self,
        name: &KeyName,
        plan: &ImportPlan,
        file: &[u8],
    ) -> Result<VaultKey, VaultError> {
        let kind = plan.kind();
        let operations = plan
            .operations()
            .iter()
            .map(|operation| operation.name().to_owned())
            .collect();
        let key = JsonWebKey {
            kty: Some(match kind {
                ImportType::Rsa => KeyType::RsaHsm,
                ImportType::Ec(_) => KeyType::EcHsm,
                ImportType::Oct => KeyType::OctHsm,
            }),
            crv: kind.curve().map(sdk_curve),
            key_ops: Some(operations),
            t: Some(file.to_vec()),
            ..JsonWebKey::default()
        };
        let attributes = plan.attributes();
        let parameters = ImportKeyParameters {
            key: Some(key),
            key_attributes: Some(KeyAttributes {
                enabled: Some(attributes.enabled),
                not_before: time(attributes.not_before),
                expires: time(attributes.expires),
                exportable: plan.is_exportable().then_some(true),
                ..KeyAttributes::default()
            }),
            release_policy: plan.release_policy().map(|policy| KeyReleasePolicy {
                content_type: Some("application/json; charset=utf-8".to_owned()),
                encoded_policy: Some(policy.to_vec()),
                immutable: None,
            }),
            tags: tags(plan.tags()),
            ..ImportKeyParameters::default()
        };
        let answer = self
            .call(Effect::Changes, async |keys| {
                let content = RequestContent::try_from(parameters.clone())?;
                keys.import_key(name.as_str(), content, None)
                    .await?
                    .into_model()
            })
            .await?;
        self.wanted(name, None).read(answer)
    }

    /// Signs a digest with a version of a key, in the vault.
    pub(super) async fn sign(
        &self,
        name: &KeyName,
        version: &str,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let answer = self
            .call(Effect::Trial, async |keys| {
                let content = RequestContent::try_from(SignParameters {
                    algorithm: Some(algorithm.clone()),
                    value: Some(digest.to_vec()),
                })?;
                let options = KeyClientSignOptions {
                    key_version: Some(version.to_owned()),
                    ..KeyClientSignOptions::default()
                };
                keys.sign(name.as_str(), content, Some(options))
                    .await?
                    .into_model()
            })
            .await?;
        answer
            .result
            .ok_or_else(|| VaultError::Answer("it has no value".to_owned()))
    }

    /// Decrypts with a version of a key, in the vault.
    pub(super) async fn decrypt(
        &self,
        name: &KeyName,
        version: &str,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        self.private_operation(algorithm, ciphertext, async |keys, content| {
            keys.decrypt(name.as_str(), version, content, None)
                .await?
                .into_model()
        })
        .await
    }

    /// Unwraps with a version of a key, in the vault; what comes out is given back.
    pub(super) async fn unwrap_key(
        &self,
        name: &KeyName,
        version: &str,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        self.private_operation(algorithm, ciphertext, async |keys, content| {
            keys.unwrap_key(name.as_str(), version, content, None)
                .await?
                .into_model()
        })
        .await
    }

    async fn private_operation(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
        operate: impl AsyncFn(
            Arc<KeyClient>,
            RequestContent<KeyOperationParameters>,
        ) -> azure_core::Result<
            azure_security_keyvault_keys::models::KeyOperationResult,
        >,
    ) -> Result<Vec<u8>, VaultError> {
        let answer = self
            .call(Effect::Trial, async |keys| {
                let content = RequestContent::try_from(KeyOperationParameters {
                    algorithm: Some(algorithm.clone()),
                    value: Some(ciphertext.to_vec()),
                    ..KeyOperationParameters::default()
                })?;
                operate(keys, content).await
            })
            .await?;
        answer
            .result
            .ok_or_else(|| VaultError::Answer("it has no value".to_owned()))
    }

    /// Disables a version of a key: it can be enabled again.
    ///
    /// # Errors
    /// [`VaultError`]; doing it twice is as good as once.
    pub async fn disable(&self, name: &KeyName, version: &str) -> Result<VaultKey, VaultError> {
        let answer = self
            .call(Effect::None, async |keys| {
                let content = RequestContent::try_from(UpdateKeyPropertiesParameters {
                    key_attributes: Some(KeyAttributes {
                        enabled: Some(false),
                        ..KeyAttributes::default()
                    }),
                    ..UpdateKeyPropertiesParameters::default()
                })?;
                let options = KeyClientUpdateKeyPropertiesOptions {
                    key_version: Some(version.to_owned()),
                    ..KeyClientUpdateKeyPropertiesOptions::default()
                };
                keys.update_key_properties(name.as_str(), content, Some(options))
                    .await?
                    .into_model()
            })
            .await?;
        let key = self.wanted(name, Some(version)).read(answer)?;
        if key.enabled == Some(false) {
            Ok(key)
        } else {
            Err(VaultError::Differs {
                what: "state",
                asked: "disabled".to_owned(),
                answered: "enabled".to_owned(),
            })
        }
    }

    /// Deletes a key with all its versions; until it is purged it can be recovered.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn delete(&self, name: &KeyName) -> Result<(), VaultError> {
        self.call(Effect::Changes, async |keys| {
            keys.delete_key(name.as_str(), None).await?.into_model()
        })
        .await
        .map(|_| ())
    }

    fn wanted<'a>(&'a self, name: &'a KeyName, version: Option<&'a str>) -> Wanted<'a> {
        Wanted {
            vault: &self.vault,
            admission: &self.admission,
            name,
            version,
        }
    }

    /// One call, with the patience that it deserves. A token that the service no longer takes is
    /// replaced once, by signing in anew.
    async fn call<T>(
        &self,
        effect: Effect,
        call: impl AsyncFn(Arc<KeyClient>) -> azure_core::Result<T>,
    ) -> Result<T, VaultError> {
        self.waited.time(self.patiently(effect, call)).await
    }

    async fn patiently<T>(
        &self,
        effect: Effect,
        call: impl AsyncFn(Arc<KeyClient>) -> azure_core::Result<T>,
    ) -> Result<T, VaultError> {
        let (mut tries, mut waited, mut renewed) = (0, Duration::ZERO, false);
        loop {
            self.patience.pace().await;
            let keys = Arc::clone(&self.keys.lock().unwrap_or_else(PoisonError::into_inner));
            let error = match call(keys).await {
                Ok(value) => return Ok(value),
                Err(error) => self.read(error),
            };
            if error.trouble() == Some(Trouble::TokenRefused) && !renewed {
                renewed = true;
                let fresh = Arc::new((self.make)()?);
                *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
                continue;
            }
            if !self
                .patience
                .after(&error, effect, tries, &mut waited)
                .await
            {
                return Err(error);
            }
            tries += 1;
        }
    }

    fn read(&self, error: azure_core::Error) -> VaultError {
        VaultError::from_sdk(
            error,
            &Asked {
                host: &self.vault.url(),
                service: self.vault.service(),
                used: &self.used,
            },
        )
    }
}

impl std::fmt::Debug for VaultClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "VaultClient({})", self.vault)
    }
}

/// A version's line in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionListing {
    /// The version, 32 hexadecimal digits.
    pub version: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

fn too_long() -> azure_core::Error {
    azure_core::Error::with_message(
        azure_core::error::ErrorKind::Other,
        format!("it lists more than {MAX_LISTED} keys"),
    )
}

fn time(seconds: Option<i64>) -> Option<OffsetDateTime> {
    seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
}

fn tags(tags: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!tags.is_empty()).then(|| tags.clone().into_iter().collect())
}
