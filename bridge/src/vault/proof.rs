//! A task that only the private half of a known public key can do.

use super::client::VaultClient;
use super::error::VaultError;
use super::key::VaultKey;
use azure_security_keyvault_keys::models::{EncryptionAlgorithm, SignatureAlgorithm};
use ecdsa_verify::{Es256, Es256K, Es384, Es512};
use getrandom::SysRng;
use getrandom::rand_core::TryRng;
use keyferry_core::{Curve, ImportType, KeyName, PrivateKeyCheck};
use rsa::pkcs8::DecodePublicKey;
use rsa::{Oaep, Pkcs1v15Sign, PublicKey};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A digest to sign, or a random value to decrypt; with the public key that checks the answer.
pub(super) struct Challenge {
    task: Task,
    public: Public,
    secret: Zeroizing<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Sign,
    Decrypt,
    UnwrapKey,
}

enum Public {
    Rsa(PublicKey),
    Ec(Curve, Vec<u8>),
}

/// How the task came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Passed,
    Failed,
}

impl Challenge {
    /// The first task that the key's operations allow; none when they allow no such.
    pub(super) fn fitting(key: &VaultKey, spki: &[u8]) -> Option<Self> {
        let allows = |name: &str| key.operations.iter().any(|operation| operation == name);
        let (public, length) = match key.import_type? {
            ImportType::Rsa => (Public::Rsa(PublicKey::from_public_key_der(spki).ok()?), 32),
            ImportType::Ec(curve) => (Public::Ec(curve, spki.to_vec()), digest_length(curve)),
            ImportType::Oct => return None,
        };
        let is_rsa = matches!(public, Public::Rsa(_));
        let task = [
            ("sign", Task::Sign, true),
            ("decrypt", Task::Decrypt, is_rsa),
            ("unwrapKey", Task::UnwrapKey, is_rsa),
        ]
        .into_iter()
        .find(|(name, _, possible)| *possible && allows(name))
        .map(|(_, task, _)| task)?;
        let mut secret = Zeroizing::new(vec![0; length]);
        SysRng.try_fill_bytes(&mut secret).ok()?;
        Some(Self {
            task,
            public,
            secret,
        })
    }

    /// What a passed check has shown.
    pub(super) fn shows(&self) -> PrivateKeyCheck {
        match self.task {
            Task::Sign => PrivateKeyCheck::Signed,
            Task::Decrypt => PrivateKeyCheck::Decrypted,
            Task::UnwrapKey => PrivateKeyCheck::Unwrapped,
        }
    }

    /// The algorithm's name (RFC 7518 §3.1, §4.1; RFC 8812 for ES256K).
    pub(super) fn algorithm(&self) -> &'static str {
        match (&self.public, self.task) {
            (Public::Rsa(_), Task::Sign) => "RS256",
            (Public::Rsa(_), Task::Decrypt | Task::UnwrapKey) => "RSA-OAEP-256",
            (Public::Ec(curve, _), _) => match curve {
                Curve::P256 => "ES256",
                Curve::P256K => "ES256K",
                Curve::P384 => "ES384",
                Curve::P521 => "ES512",
            },
        }
    }

    /// Has the vault do it, and checks the answer.
    pub(super) async fn put(
        &self,
        client: &VaultClient,
        name: &KeyName,
        version: &str,
    ) -> Result<Check, VaultError> {
        let passed = match self.task {
            Task::Sign => {
                let signature = client
                    .sign(name, version, self.signature_algorithm(), &self.secret)
                    .await?;
                self.verifies(&signature)
            }
            Task::Decrypt | Task::UnwrapKey => {
                let Public::Rsa(public) = &self.public else {
                    return Ok(Check::Failed);
                };
                let ciphertext = public
                    .encrypt(&mut SysRng, Oaep::<Sha256>::new(), &self.secret)
                    .map_err(|error| VaultError::Answer(error.to_string()))?;
                let algorithm = EncryptionAlgorithm::RsaOaep256;
                let opened = if self.task == Task::Decrypt {
                    client
                        .decrypt(name, version, algorithm, &ciphertext)
                        .await?
                } else {
                    client
                        .unwrap_key(name, version, algorithm, &ciphertext)
                        .await?
                };
                Zeroizing::new(opened) == self.secret
            }
        };
        Ok(if passed { Check::Passed } else { Check::Failed })
    }

    fn signature_algorithm(&self) -> SignatureAlgorithm {
        match &self.public {
            Public::Rsa(_) => SignatureAlgorithm::Rs256,
            Public::Ec(Curve::P256, _) => SignatureAlgorithm::Es256,
            Public::Ec(Curve::P256K, _) => SignatureAlgorithm::Es256K,
            Public::Ec(Curve::P384, _) => SignatureAlgorithm::Es384,
            Public::Ec(Curve::P521, _) => SignatureAlgorithm::Es512,
        }
    }

    /// True when the signature over the digest belongs to the public key. ECDSA comes as `r || s`
    /// (RFC 7518 §3.4); which half of `s` is used does not matter.
    fn verifies(&self, signature: &[u8]) -> bool {
        match &self.public {
            Public::Rsa(public) => public
                .verify(Pkcs1v15Sign::new::<Sha256>(), &self.secret, signature)
                .is_ok(),
            Public::Ec(Curve::P256, spki) => Es256::verify(spki, &self.secret, signature),
            Public::Ec(Curve::P256K, spki) => Es256K::verify(spki, &self.secret, signature),
            Public::Ec(Curve::P384, spki) => Es384::verify(spki, &self.secret, signature),
            Public::Ec(Curve::P521, spki) => Es512::verify(spki, &self.secret, signature),
        }
    }
}

/// SHA-256, SHA-384 and SHA-512, by curve.
fn digest_length(curve: Curve) -> usize {
    match curve {
        Curve::P256 | Curve::P256K => 32,
        Curve::P384 => 48,
        Curve::P521 => 64,
    }
}

/// ECDSA over each curve that Azure takes.
mod ecdsa_verify {
    use crate::vault::spki;
    use p256::ecdsa::signature::hazmat::PrehashVerifier;

    macro_rules! curve {
        ($name:ident, $curve:ident, $normalize:expr) => {
            pub(super) struct $name;

            impl $name {
                pub(super) fn verify(spki: &[u8], digest: &[u8], signature: &[u8]) -> bool {
                    use $curve::ecdsa::{Signature, VerifyingKey};
                    let key = spki::point(spki)
                        .and_then(|point| VerifyingKey::from_sec1_bytes(&point).ok());
                    let signature = Signature::from_slice(signature).ok().map($normalize);
                    key.zip(signature).is_some_and(|(key, signature)| {
                        key.verify_prehash(digest, &signature).is_ok()
                    })
                }
            }
        };
    }

    curve!(Es256, p256, |signature| signature);
    curve!(Es384, p384, |signature| signature);
    curve!(Es512, p521, |signature| signature);
    // The crate takes the lower half of `s` alone, as Bitcoin does; Azure gives either.
    curve!(Es256K, k256, |signature| signature.normalize_s());
}
