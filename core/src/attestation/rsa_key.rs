//! RSA signatures of the HSM's maker, compared as whole blocks.
//!
//! A verifier that looks only at the digest at a block's end takes signatures that nobody made
//! (with a small exponent they can be computed). So the block that must come out is built here and
//! compared over its full length, for each of the two forms that the firmware writes.

use super::power::PublicModulus;
use crate::kek::rsa_numbers;
use sha2::{Digest, Sha256};

/// The only exponent of this family's keys.
const EXPONENT: [u8; 3] = [1, 0, 1];
/// Sizes that roots, cards, partitions and owners have, in bytes.
const SIZES: core::ops::RangeInclusive<usize> = 256..=512;
/// DER of `DigestInfo` before a SHA-256 digest (RFC 8017 §9.2, note 1).
const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// What stands in the signed block behind the padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignatureForm {
    /// `DigestInfo` of SHA-256: PKCS#1 v1.5 as it is written (RFC 8017 §9.2).
    DigestInfo,
    /// The bare SHA-256 digest behind the same padding, as firmware 2.x signs.
    BareDigest,
}

/// A public key of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RsaKey(PublicModulus);

impl RsaKey {
    /// From a `SubjectPublicKeyInfo` in DER: RSA of 2048 to 4096 bits with the exponent 65537, else none.
    pub(super) fn from_spki(der: &[u8]) -> Option<Self> {
        let (modulus, exponent) = rsa_numbers(der)?;
        if exponent != EXPONENT || !SIZES.contains(&modulus.len()) {
            return None;
        }
        PublicModulus::new(&modulus).map(Self)
    }

    /// True when `signature` is this key's over `signed`: every byte of the block is right.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8], form: SignatureForm) -> bool {
        self.0.power(signature) == Some(self.block(signed, form))
    }

    /// `00 01 FF … FF 00` and what is signed (RFC 8017 §9.2, EMSA-PKCS1-v1_5).
    fn block(&self, signed: &[u8], form: SignatureForm) -> Vec<u8> {
        let prefix: &[u8] = match form {
            SignatureForm::DigestInfo => &SHA256_DIGEST_INFO,
            SignatureForm::BareDigest => &[],
        };
        let digest = Sha256::digest(signed);
        let padding = self
            .0
            .bytes()
            .saturating_sub(prefix.len() + digest.len() + 3);
        let mut block = vec![0, 1];
        block.resize(2 + padding, 0xff);
        block.push(0);
        block.extend_from_slice(prefix);
        block.extend_from_slice(&digest);
        block
    }
}
