//! What the practice vault found when it opened a blob.

use crate::vault::spki;
use keyferry_core::{Curve, Family, TargetKind};
use std::fmt;

/// The public half of what was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicHalf {
    /// RSA modulus and exponent, big-endian without leading zero bytes.
    Rsa {
        /// Modulus.
        modulus: Vec<u8>,
        /// Public exponent.
        exponent: Vec<u8>,
    },
    /// A point, each coordinate of the field's size; derived from the scalar, not read.
    Ec {
        /// The curve.
        curve: Curve,
        /// x, big-endian.
        x: Vec<u8>,
        /// y, big-endian.
        y: Vec<u8>,
    },
    /// AES has no public half: this is the AES-ECB encryption of one block of zero bytes.
    Aes {
        /// 16 bytes.
        known_answer: [u8; 16],
    },
}

/// A deviation from the specification that the practice vault opens all the same.
///
/// What Azure makes of it is unknown, so it is reported and never passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// So many zero bytes follow the PKCS#8 DER (SoftHSM pads before the wrap).
    TrailingZeros(usize),
    /// The EC scalar has so many bytes, fewer than RFC 5915 §3 asks for (Kryoptic strips zeros).
    ShortScalar {
        /// Bytes found.
        bytes: usize,
        /// Bytes that the curve's scalars have.
        expected: usize,
    },
    /// An AES key in a Key Vault: documented for Managed HSM alone, and newer vaults may take it.
    AesInVault,
}

impl fmt::Display for Quirk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrailingZeros(count) => write!(formatter, "trailing-zeros={count}"),
            Self::ShortScalar { bytes, expected } => {
                write!(formatter, "short-scalar={bytes}/{expected}")
            }
            Self::AesInVault => formatter.write_str("aes-in-vault"),
        }
    }
}

/// The report of one import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The name under which it was imported.
    pub name: String,
    /// The new key's identifier.
    pub kid: String,
    /// The KEK's identifier, from the blob's header.
    pub kek: String,
    /// What it is, as the opened bytes say.
    pub kind: TargetKind,
    /// Its public half.
    pub public: PublicHalf,
    /// Deviations.
    pub quirks: Vec<Quirk>,
}

impl PublicHalf {
    /// SubjectPublicKeyInfo DER; none for AES.
    pub fn spki(&self) -> Option<Vec<u8>> {
        match self {
            Self::Rsa { modulus, exponent } => spki::rsa(modulus, exponent).ok(),
            Self::Ec { curve, x, y } => spki::ec(*curve, x, y).ok(),
            Self::Aes { .. } => None,
        }
    }

    /// The family.
    pub fn family(&self) -> Family {
        match self {
            Self::Rsa { .. } => Family::Rsa,
            Self::Ec { .. } => Family::Ec,
            Self::Aes { .. } => Family::Aes,
        }
    }
}
