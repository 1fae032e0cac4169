//! What changes a vault; [`Recorded`](super::Recorded) is how it is called.

use super::client::VaultClient;
use super::error::VaultError;
use super::key::{VaultKey, sdk_curve};
use super::patience::Effect;
use azure_core::http::RequestContent;
use azure_security_keyvault_keys::models::{
    CreateKeyParameters, ImportKeyParameters, JsonWebKey, KeyAttributes,
    KeyClientUpdateKeyPropertiesOptions, KeyOperation as SdkOperation, KeyReleasePolicy, KeyType,
    UpdateKeyPropertiesParameters,
};
use keyferry_core::{ImportPlan, ImportType, KekBits, KeyName};
use std::collections::{BTreeMap, HashMap};
use time::OffsetDateTime;

/// What a new KEK gets.
#[derive(Debug, Clone, Default)]
pub struct KekWishes {
    /// Expires, seconds since 1970.
    pub expires: Option<i64>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl VaultClient {
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
}

fn time(seconds: Option<i64>) -> Option<OffsetDateTime> {
    seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
}

fn tags(tags: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!tags.is_empty()).then(|| tags.clone().into_iter().collect())
}
