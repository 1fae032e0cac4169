//! What a vault does with a key's private half.

use super::client::VaultClient;
use super::error::VaultError;
use super::patience::Effect;
use azure_core::http::RequestContent;
use azure_security_keyvault_keys::KeyClient;
use azure_security_keyvault_keys::models::{
    EncryptionAlgorithm, KeyClientSignOptions, KeyOperationParameters, SignParameters,
    SignatureAlgorithm,
};
use keyferry_core::KeyName;
use std::sync::Arc;

impl VaultClient {
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
}
