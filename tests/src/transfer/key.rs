//! One key, as the token shows it before the transfer.

use base64ct::{Base64, Encoding as _};
use serde_json::Value;

use crate::Onlooker;
use crate::private_key_info::PrivateKeyInfo;
use crate::tool::{hex, openssl};

/// A block to encrypt; its value does not matter.
const BLOCK: &str = "6bc1bee22e409f96e93d7e117393172a";

/// A key on the token.
pub struct Key {
    /// Its kind, such as `P-256`.
    pub kind: String,
    /// Its label.
    pub label: String,
    /// What it is known by.
    pub evidence: Evidence,
}

/// What an opened key is compared with.
pub enum Evidence {
    /// SPKI DER.
    Spki(Vec<u8>),
    /// AES-ECB of a known block, in hexadecimal.
    Encrypted(String),
}

impl Key {
    /// What the product's list and the onlooker show of it.
    #[must_use]
    pub fn seen(kind: &str, label: &str, listed: &Value, onlooker: &Onlooker) -> Self {
        assert_eq!(
            (&listed["kind"], &listed["transferable"]),
            (&kind.into(), &true.into())
        );
        assert_eq!(listed["reasons"], serde_json::json!([]));
        let evidence = if kind.starts_with("AES") {
            assert_eq!(listed["spki"], Value::Null);
            let block = onlooker.ask(&["encrypt", label, BLOCK]);
            Evidence::Encrypted(block.as_str().unwrap().to_owned())
        } else {
            Evidence::Spki(Base64::decode_vec(listed["spki"].as_str().unwrap()).unwrap())
        };
        Self {
            kind: kind.to_owned(),
            label: label.to_owned(),
            evidence,
        }
    }

    /// The number in the kind's name: bits of a modulus, a field or a key.
    #[must_use]
    pub fn bits(&self) -> usize {
        let number: String = self.kind.chars().filter(char::is_ascii_digit).collect();
        number.parse().unwrap()
    }

    /// An opened key against this one.
    ///
    /// # Panics
    /// When it is another.
    pub fn compare(&self, plaintext: &[u8]) {
        match &self.evidence {
            Evidence::Encrypted(_) => self.compare_secret(plaintext, &self.label),
            Evidence::Spki(spki) => {
                let info = PrivateKeyInfo::parse(plaintext).unwrap();
                assert_eq!(&info.public_half().unwrap(), spki, "{}", self.label);
            }
        }
    }

    /// An AES key's bytes against what the token encrypted with it.
    pub(super) fn compare_secret(&self, plaintext: &[u8], case: &str) {
        let Evidence::Encrypted(expected) = &self.evidence else {
            panic!("{case}: not a secret key");
        };
        assert_eq!(plaintext.len() * 8, self.bits(), "{case}");
        assert_eq!(&aes_ecb(plaintext, BLOCK), expected, "{case}");
    }
}

/// AES-ECB of one block, in hexadecimal.
fn aes_ecb(key: &[u8], block: &str) -> String {
    let cipher = format!("-aes-{}-ecb", key.len() * 8);
    let block: Vec<u8> = (0..block.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&block[at..at + 2], 16).unwrap())
        .collect();
    hex(&openssl(&["enc", &cipher, "-nopad", "-K", &hex(key)], &block).unwrap())
}
