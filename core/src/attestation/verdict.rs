//! What an attestation shows: three results that do not stand for each other.

use crate::Finding;
use serde::{Deserialize, Serialize};

/// The verdict on an attestation, as the `attest` verb prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct AttestationVerdict {
    /// Whether the statement comes from genuine hardware.
    pub hardware: HardwareResult,
    /// Whether this KEK was made in that hardware and cannot leave it.
    pub key: KeyResult,
    /// Whether the pool is the user's.
    pub pool: PoolResult,
    /// Everything that was found, and what this does not prove.
    pub findings: Vec<Finding>,
}

impl AttestationVerdict {
    /// True when hardware and key are good and the pool is not known to be another one.
    pub fn is_good(&self) -> bool {
        self.hardware.verdict == HardwareVerdict::Genuine
            && self.key.verdict == KeyVerdict::MadeInside
            && self.pool.verdict != PoolVerdict::Mismatch
    }
}

/// The first result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct HardwareResult {
    /// The result.
    pub verdict: HardwareVerdict,
    /// Why, in one sentence.
    pub why: String,
}

/// Whether the statement comes from genuine hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum HardwareVerdict {
    /// Maker's root, card and partition vouch for both statements.
    Genuine,
    /// They do not.
    Refused,
    /// There is no attestation.
    NotAvailable,
}

/// The second result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct KeyResult {
    /// The result.
    pub verdict: KeyVerdict,
    /// Why, in one sentence.
    pub why: String,
}

/// Whether this KEK was made in the hardware and cannot leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum KeyVerdict {
    /// It was, it cannot, and it is the KEK that was given, under its identifier.
    MadeInside,
    /// One of these is not so.
    Refused,
    /// The hardware was not believed, or no KEK was given to compare with.
    NotChecked,
}

/// The third result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct PoolResult {
    /// The result.
    pub verdict: PoolVerdict,
    /// SHA-256 of the owner's certificate, 64 hexadecimal digits; null when the file names no owner.
    pub fingerprint_sha256: Option<String>,
}

/// Whether the pool is the user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum PoolVerdict {
    /// The owner's certificate is the one that the user pinned.
    Pinned,
    /// It is another one, or there is none.
    Mismatch,
    /// The user pinned none, so nobody knows whose pool it is.
    NotVerified,
}
