//! What an examination says.

use super::Kek;
use crate::Finding;
use serde::{Deserialize, Serialize};

/// The verdict on a KEK document, as the `kek` verb prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct KekVerdict {
    /// True when no finding is an error.
    pub admitted: bool,
    /// The key identifier, when one was given or found and is well formed.
    pub kid: Option<String>,
    /// Size of the modulus, when there is one.
    pub bits: Option<u32>,
    /// Public exponent; null above 2^53 − 1, where JSON readers lose digits.
    pub exponent: Option<u64>,
    /// SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hexadecimal digits.
    pub thumbprint_sha256: Option<String>,
    /// RFC 7638 thumbprint, base64url.
    pub jwk_thumbprint: Option<String>,
    /// Every rule that did not simply hold.
    pub findings: Vec<Finding>,
}

/// A verdict, and the KEK when it was admitted.
#[derive(Debug, Clone)]
pub struct Examination {
    /// What was found.
    pub verdict: KekVerdict,
    /// The admitted KEK.
    pub kek: Option<Kek>,
    /// What the document says of the key, admitted or not: to compare with, never to wrap to.
    pub numbers: Option<PublicNumbers>,
}

/// An RSA key's public numbers, big-endian without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicNumbers {
    /// The modulus.
    pub modulus: Vec<u8>,
    /// The public exponent.
    pub exponent: Vec<u8>,
}
