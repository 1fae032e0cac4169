//! Opening a blob for real: envelope, then the key inside. Nothing here trusts a length or a tag.
//!
//! `BYOK specification, Key Transfer Blob`: `RSA-OAEP(SHA-1; AES-256 key) || AES-KWP(RFC 5649;
//! plaintext)`, where the plaintext is PKCS#8 for RSA and EC and the raw bytes for AES.

mod aes_key;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod agrees;
mod ec_key;
mod envelope;
mod pkcs8;
mod rsa_key;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use super::opened::{PublicHalf, Quirk};
use super::refusal::Refusal;
use super::secret::Secret;
use keyferry_core::TargetKind;
use rsa::PrivateKey;

/// A key as it was opened.
pub(super) struct Key {
    pub(super) kind: TargetKind,
    pub(super) public: PublicHalf,
    pub(super) secret: Secret,
    pub(super) quirks: Vec<Quirk>,
}

/// Opens a ciphertext with the KEK's private half. Slow (milliseconds): not for an async thread.
pub(super) fn open(kek: &PrivateKey, ciphertext: &[u8]) -> Result<Key, Refusal> {
    let plaintext = envelope::open(kek, ciphertext)?;
    // The shortest PKCS#8 that can occur here has 64 bytes, so a length tells the two apart.
    if plaintext.len() < 48 {
        aes_key::read(&plaintext)
    } else {
        pkcs8::read(&plaintext)
    }
}
