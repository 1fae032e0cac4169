//! Attestation: proof by the HSM's own signature that a KEK was made in an Azure Managed HSM and
//! cannot leave it.
//!
//! A Managed HSM's adapter (Marvell LiquidSecurity) signs a statement about a key with its
//! partition's key; card and maker vouch for that. The file comes from
//! `az keyvault key get-attestation`; nothing in it is believed but what is signed. Pure: the trusted
//! roots and the time are arguments.

mod bundle;
mod certificate;
mod chain;
mod evidence;
mod fingerprint;
mod layout;
mod object;
mod power;
mod properties;
mod refusal;
mod roots;
mod rsa_key;
#[cfg(test)]
mod samples;
mod verdict;
mod verify;

pub use evidence::MAX_ATTESTATION;
pub use fingerprint::OwnerFingerprint;
pub use roots::TrustedRoots;
pub use verdict::{
    AttestationVerdict, HardwareResult, HardwareVerdict, KeyResult, KeyVerdict, PoolResult,
    PoolVerdict,
};

use crate::{Kek, PublicNumbers};

/// What is verified, and by what.
#[derive(Debug, Clone, Copy)]
pub struct AttestationSource<'a> {
    /// The file: JSON of `attributes.attestation`, with or without what is around it.
    pub document: &'a [u8],
    /// The KEK that will be wrapped to.
    pub kek: Option<AttestedKek<'a>>,
    /// The fingerprint of the user's own pool.
    pub pin: Option<OwnerFingerprint>,
    /// The roots that a chain may end in.
    pub roots: &'a TrustedRoots,
    /// Seconds since 1970, for the certificates' times.
    pub now: i64,
}

/// What a statement is compared with.
#[derive(Debug, Clone, Copy)]
pub struct AttestedKek<'a> {
    /// Modulus, big-endian, without leading zeros.
    pub modulus: &'a [u8],
    /// Public exponent, big-endian, without leading zeros.
    pub exponent: &'a [u8],
    /// `/keys/NAME/VERSION`, when the version is known.
    pub path: Option<&'a str>,
}

impl<'a> AttestedKek<'a> {
    /// The numbers of a document, admitted or not, and `path` as below.
    pub fn of_numbers(numbers: &'a PublicNumbers, path: Option<&'a str>) -> Self {
        Self {
            modulus: &numbers.modulus,
            exponent: &numbers.exponent,
            path,
        }
    }

    /// An admitted KEK, and `path`, the [`Kid::path`](crate::Kid::path) of its identifier.
    pub fn of(kek: &'a Kek, path: Option<&'a str>) -> Self {
        Self {
            modulus: kek.modulus(),
            exponent: kek.exponent(),
            path,
        }
    }
}

/// Verifies an attestation. A verdict is reached whatever the bytes are.
pub fn verify_attestation(source: &AttestationSource<'_>) -> AttestationVerdict {
    verify::verify(source)
}

/// Feeds bytes to each part that reads before any signature is known to hold.
#[cfg(fuzzing)]
pub fn fuzz_attestation_parts(bytes: &[u8]) {
    let _ = bundle::certificates(bytes);
    let _ = certificate::Certificate::read(bytes);
    if let Ok(blob) = layout::AttestedBlob::read(bytes)
        && let (Ok(private), Ok(public)) = (
            properties::private_key(&blob),
            properties::public_key(&blob),
        )
    {
        let _ = properties::origin(private);
        let _ = properties::agree(private, public);
        let _ = properties::numbers(private, &[1; 256], &[1, 0, 1]);
        let _ = properties::identifier(public, "/keys/none/0");
    }
}
