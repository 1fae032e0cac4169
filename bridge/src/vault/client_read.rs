//! What a vault is asked without changing it.

use super::client::VaultClient;
use super::error::VaultError;
use super::key::{KeyListing, VaultKey, listing};
use super::patience::Effect;
use super::trouble::Trouble;
use azure_security_keyvault_keys::models::{
    KeyClientGetKeyAttestationOptions, KeyClientGetKeyOptions,
};
use futures_util::TryStreamExt;
use keyferry_core::{KeyName, Service};
use std::collections::BTreeMap;

/// Far more keys than a vault for BYOK holds; a bound, so that a list has one.
const MAX_LISTED: usize = 10_000;

/// A version's line in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionListing {
    /// The version, 32 hexadecimal digits.
    pub version: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl VaultClient {
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

    /// The attestation of a key's version: the service's answer as it came, nothing in it believed. None from a
    /// Key Vault, which is not known to attest keys, and where the Managed HSM has none for this key.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn attestation(
        &self,
        name: &KeyName,
        version: &str,
    ) -> Result<Option<Vec<u8>>, VaultError> {
        if self.vault().service() != Service::ManagedHsm {
            return Ok(None);
        }
        let answer = self
            .call(Effect::None, async |keys| {
                let options = KeyClientGetKeyAttestationOptions {
                    key_version: Some(version.to_owned()),
                    ..KeyClientGetKeyAttestationOptions::default()
                };
                let answer = keys
                    .get_key_attestation(name.as_str(), Some(options))
                    .await?;
                Ok(answer.into_body().as_ref().to_vec())
            })
            .await;
        match answer {
            Ok(document) => Ok(Some(document)),
            // The key itself was there a moment ago: what is not found is its attestation, or the call.
            Err(error)
                if matches!(
                    error.trouble(),
                    Some(Trouble::KeyNotFound | Trouble::BadRequest)
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
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
            .filter_map(|item| listing(item, self.vault(), self.admission()))
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
            let kid = keyferry_core::Kid::parse(item.kid.as_deref()?, self.admission()).ok()?;
            let of_name = kid.key_name().eq_ignore_ascii_case(name.as_str());
            (self.vault().holds(&kid) && of_name).then(|| VersionListing {
                version: kid.version().unwrap_or_default().to_owned(),
                tags: item.tags.unwrap_or_default().into_iter().collect(),
            })
        };
        Ok(items.into_iter().filter_map(version).collect())
    }
}

fn too_long() -> azure_core::Error {
    azure_core::Error::with_message(
        azure_core::error::ErrorKind::Other,
        format!("it lists more than {MAX_LISTED} keys"),
    )
}
