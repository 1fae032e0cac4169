//! The two layers around the key: RSA-OAEP and AES key wrap with padding.

use crate::oaep;
use crate::vault::practice::cause::Cause;
use crate::vault::practice::refusal::Refusal;
use aes::Aes256;
use aes::cipher::KeyInit;
use aes_kw::{AesKw, AesKwp, InnerInit};
use rsa::PrivateKey;
use rsa::traits::PublicKeyParts;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a semiblock, RFC 3394 §2.
const SEMIBLOCK: usize = 8;

/// The plaintext under both layers.
pub(super) fn open(kek: &PrivateKey, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let size = kek.size();
    // KWP of anything has at least two semiblocks, RFC 5649 §4.1.
    let (encrypted, wrapped) = match ciphertext.split_at_checked(size) {
        Some((encrypted, wrapped))
            if wrapped.len() >= 2 * SEMIBLOCK && wrapped.len() % SEMIBLOCK == 0 =>
        {
            (encrypted, wrapped)
        }
        _ => {
            return Err(Refusal::new(
                Cause::Length,
                format!(
                    "The key transfer blob's ciphertext of {} bytes does not fit this KEK.",
                    ciphertext.len()
                ),
            ));
        }
    };
    let wrapping_key = open_oaep(kek, encrypted)?;
    let cipher = Aes256::new_from_slice(&wrapping_key).map_err(|_| {
        Refusal::new(
            Cause::WrappingKey,
            format!(
                "RSA-OAEP opened to {} bytes, which are no AES-256 key.",
                wrapping_key.len()
            ),
        )
    })?;
    unwrap(cipher, wrapped)
}

/// RSA-OAEP with SHA-1 (RFC 8017 §7.1.2), blinded. When it fails, SHA-256 is tried to name the cause.
fn open_oaep(kek: &PrivateKey, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    if let Some(key) = oaep::decrypt::<Sha1, Sha1>(kek, encrypted) {
        return Ok(key);
    }
    Err(match oaep::decrypt::<Sha256, Sha256>(kek, encrypted) {
        Some(_) => Refusal::new(
            Cause::OaepHash,
            "The wrapping key was encrypted with RSA-OAEP and SHA-256, not SHA-1.",
        ),
        None => Refusal::new(
            Cause::Oaep,
            "The wrapping key cannot be decrypted with this KEK by RSA-OAEP and SHA-1.",
        ),
    })
}

/// RFC 5649 §4.2. When it fails, RFC 3394 with PKCS#7 padding is tried to name the cause.
pub(super) fn unwrap(cipher: Aes256, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut buffer = Zeroizing::new(vec![0; wrapped.len().saturating_sub(SEMIBLOCK)]);
    let kwp = AesKwp::inner_init(cipher.clone());
    match kwp.unwrap_key(wrapped, &mut buffer) {
        // The crate opens a wrapped nothing; RFC 5649 §3 has a plaintext of one byte at least.
        Ok([]) => {
            return Err(Refusal::new(
                Cause::Unwrap,
                "The key wrap holds nothing at all.",
            ));
        }
        Ok(plaintext) => return Ok(Zeroizing::new(plaintext.to_vec())),
        Err(_) => {}
    }
    let kw = AesKw::inner_init(cipher);
    Err(match kw.unwrap_key(wrapped, &mut buffer) {
        Ok(plaintext) if ends_in_pkcs7_padding(plaintext) => Refusal::new(
            Cause::Padding,
            "The key was wrapped with PKCS#7 padding and RFC 3394, not with RFC 5649.",
        ),
        Ok(_) => Refusal::new(
            Cause::Unwrap,
            "The key was wrapped with RFC 3394 without padding, not with RFC 5649.",
        ),
        Err(_) => Refusal::new(
            Cause::Unwrap,
            "The key cannot be unwrapped by AES key wrap with padding (RFC 5649).",
        ),
    })
}

/// RFC 5652 §6.3, with AES key wrap's block of 8 bytes (or AES's of 16).
fn ends_in_pkcs7_padding(plaintext: &[u8]) -> bool {
    let Some(&count) = plaintext.last() else {
        return false;
    };
    (1..=16).contains(&count)
        && plaintext
            .iter()
            .rev()
            .take(usize::from(count))
            .all(|byte| *byte == count)
}
