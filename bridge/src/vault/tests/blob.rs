//! Key transfer blobs, right ones and ones with a named mistake.

use super::openssl::Openssl;
use base64ct::{Base64UrlUnpadded, Encoding};
use keyferry_core::to_hex;
use serde_json::json;

/// How the target is wrapped under the ephemeral key.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyWrap {
    /// RFC 5649.
    Kwp,
    /// RFC 3394 after PKCS#7 padding to 8 bytes.
    Pkcs7,
    /// RFC 3394 alone.
    Plain,
}

/// How a ciphertext is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub(super) oaep_hash: &'static str,
    pub(super) key_wrap: KeyWrap,
    /// Bytes of the ephemeral AES key.
    pub(super) wrapping_key: u32,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            oaep_hash: "sha1",
            key_wrap: KeyWrap::Kwp,
            wrapping_key: 32,
        }
    }
}

impl Recipe {
    /// `RSA-OAEP(ephemeral key) || wrap(plaintext)`.
    pub(super) fn wrap(&self, openssl: &Openssl, kek_spki: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let key = openssl.random(self.wrapping_key);
        openssl.put("kek", kek_spki);
        let hash = format!("rsa_oaep_md:{}", self.oaep_hash);
        let mut ciphertext = openssl.run(
            &[
                "pkeyutl",
                "-encrypt",
                "-pubin",
                "-keyform",
                "DER",
                "-inkey",
                "kek",
                "-pkeyopt",
                "rsa_padding_mode:oaep",
                "-pkeyopt",
                &hash,
            ],
            &key,
        );
        let bits = self.wrapping_key * 8;
        let (cipher, iv, plaintext) = match self.key_wrap {
            KeyWrap::Kwp => (
                format!("-id-aes{bits}-wrap-pad"),
                "A65959A6",
                plaintext.to_vec(),
            ),
            KeyWrap::Pkcs7 => (
                format!("-id-aes{bits}-wrap"),
                "A6A6A6A6A6A6A6A6",
                pkcs7(plaintext),
            ),
            KeyWrap::Plain => (
                format!("-id-aes{bits}-wrap"),
                "A6A6A6A6A6A6A6A6",
                plaintext.to_vec(),
            ),
        };
        ciphertext.extend(openssl.run(
            &["enc", &cipher, "-iv", iv, "-K", &to_hex(&key)],
            &plaintext,
        ));
        ciphertext
    }
}

fn pkcs7(plaintext: &[u8]) -> Vec<u8> {
    let count = 8 - plaintext.len() % 8;
    let mut padded = plaintext.to_vec();
    padded.resize(plaintext.len() + count, u8::try_from(count).unwrap());
    padded
}

/// The file, by a writer that is not core's.
pub(super) fn file(kid: &str, ciphertext: &[u8]) -> Vec<u8> {
    file_with_text(kid, &Base64UrlUnpadded::encode_string(ciphertext))
}

pub(super) fn file_with_text(kid: &str, ciphertext: &str) -> Vec<u8> {
    json!({
        "schema_version": "1.0.0",
        "header": { "kid": kid, "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP" },
        "ciphertext": ciphertext,
        "generator": "openssl",
    })
    .to_string()
    .into_bytes()
}
