//! What may travel, and the lengths it has when wrapped.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A kind of target key that Azure takes by BYOK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub enum TargetKind {
    /// RSA, 2048 bits.
    #[serde(rename = "RSA-2048")]
    Rsa2048,
    /// RSA, 3072 bits.
    #[serde(rename = "RSA-3072")]
    Rsa3072,
    /// RSA, 4096 bits.
    #[serde(rename = "RSA-4096")]
    Rsa4096,
    /// NIST P-256 (secp256r1).
    #[serde(rename = "P-256")]
    P256,
    /// NIST P-384 (secp384r1).
    #[serde(rename = "P-384")]
    P384,
    /// NIST P-521 (secp521r1).
    #[serde(rename = "P-521")]
    P521,
    /// secp256k1, which Azure names P-256K.
    #[serde(rename = "P-256K")]
    P256K,
    /// AES, 128 bits.
    #[serde(rename = "AES-128")]
    Aes128,
    /// AES, 192 bits.
    #[serde(rename = "AES-192")]
    Aes192,
    /// AES, 256 bits.
    #[serde(rename = "AES-256")]
    Aes256,
}

/// The three families of target keys; the import call differs by family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// RSA private keys, as PKCS#8 (RFC 8017 inside).
    Rsa,
    /// Elliptic-curve private keys, as PKCS#8 (RFC 5915 inside, named curve).
    Ec,
    /// AES keys, as their raw bytes.
    Aes,
}

/// A curve, by the name that Azure gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// secp256k1.
    P256K,
}

impl Curve {
    /// `crv` of a JSON Web Key in Azure: `P-256K` for secp256k1.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::P256K => "P-256K",
        }
    }
}

impl TargetKind {
    /// Every kind, in the order in which they are listed to people.
    pub const ALL: [Self; 10] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::P256K,
        Self::Aes128,
        Self::Aes192,
        Self::Aes256,
    ];

    /// The name used on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa3072 => "RSA-3072",
            Self::Rsa4096 => "RSA-4096",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::P256K => "P-256K",
            Self::Aes128 => "AES-128",
            Self::Aes192 => "AES-192",
            Self::Aes256 => "AES-256",
        }
    }

    /// All names, for advice.
    pub(crate) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// The family.
    pub fn family(self) -> Family {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => Family::Rsa,
            Self::P256 | Self::P384 | Self::P521 | Self::P256K => Family::Ec,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => Family::Aes,
        }
    }

    /// True for RSA.
    pub fn is_rsa(self) -> bool {
        self.family() == Family::Rsa
    }

    /// True for elliptic curves.
    pub fn is_ec(self) -> bool {
        self.family() == Family::Ec
    }

    /// True for AES.
    pub fn is_aes(self) -> bool {
        self.family() == Family::Aes
    }

    /// The curve of an elliptic-curve kind.
    pub fn curve(self) -> Option<Curve> {
        match self {
            Self::P256 => Some(Curve::P256),
            Self::P384 => Some(Curve::P384),
            Self::P521 => Some(Curve::P521),
            Self::P256K => Some(Curve::P256K),
            _ => None,
        }
    }

    /// `kty` in the import call: `RSA-HSM`, `EC-HSM` or `oct-HSM`.
    pub fn kty(self) -> &'static str {
        match self.family() {
            Family::Rsa => "RSA-HSM",
            Family::Ec => "EC-HSM",
            Family::Aes => "oct-HSM",
        }
    }

    /// The size that people speak of: modulus, field or key bits.
    pub fn bits(self) -> u32 {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
            Self::P256 | Self::P256K | Self::Aes256 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
            Self::Aes128 => 128,
            Self::Aes192 => 192,
        }
    }

    /// The lengths in bytes that AES-KWP (RFC 5649) over this kind can have.
    ///
    /// RSA: PKCS#8 DER, two neighbouring lengths because the private exponent may be a byte
    /// shorter. EC: PKCS#8 with the public key, without it, and with redundant parameters.
    /// AES: the raw key.
    pub fn kwp_lengths(self) -> &'static [usize] {
        match self {
            Self::Rsa2048 => &[1224, 1232],
            Self::Rsa3072 => &[1800, 1808],
            Self::Rsa4096 => &[2384, 2392],
            Self::P256 => &[152, 80, 160],
            Self::P384 => &[200, 88, 208],
            Self::P521 => &[256, 112, 264],
            Self::P256K => &[144, 72, 152],
            Self::Aes128 => &[24],
            Self::Aes192 => &[32],
            Self::Aes256 => &[40],
        }
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for TargetKind {
    type Err = Error;

    /// By name, whatever its case.
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
            .ok_or(Error::UnknownKind)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_is_found_by_its_name_and_serialised_by_it() {
        for kind in TargetKind::ALL {
            assert_eq!(kind.name().parse::<TargetKind>().unwrap(), kind);
            assert_eq!(
                kind.name().to_lowercase().parse::<TargetKind>().unwrap(),
                kind
            );
            assert_eq!(
                serde_json::to_string(&kind).unwrap(),
                format!("\"{}\"", kind.name())
            );
        }
    }

    #[test]
    fn refuses_a_kind_that_azure_does_not_take() {
        for name in ["RSA-1024", "RSA-8192", "P-224", "Ed25519", "DES", ""] {
            assert_eq!(
                name.parse::<TargetKind>(),
                Err(Error::UnknownKind),
                "{name}"
            );
        }
    }

    #[test]
    fn wrapped_lengths_are_those_of_the_plaintext_lengths() {
        // PKCS#8 and raw lengths as measured with OpenSSL; |KWP(n)| = 8·ceil(n/8) + 8.
        let plain: [(TargetKind, &[usize]); 10] = [
            (TargetKind::Rsa2048, &[1215, 1216, 1217, 1218, 1219]),
            (TargetKind::Rsa3072, &[1792, 1793, 1794, 1795, 1796]),
            (TargetKind::Rsa4096, &[2373, 2374, 2375, 2376, 2377]),
            (TargetKind::P256, &[138, 67, 150]),
            (TargetKind::P256K, &[135, 64, 144]),
            (TargetKind::P384, &[185, 80, 194]),
            (TargetKind::P521, &[241, 98, 250]),
            (TargetKind::Aes128, &[16]),
            (TargetKind::Aes192, &[24]),
            (TargetKind::Aes256, &[32]),
        ];
        for (kind, lengths) in plain {
            let wrapped: BTreeSet<usize> = lengths
                .iter()
                .map(|length| length.div_ceil(8) * 8 + 8)
                .collect();
            let listed: BTreeSet<usize> = kind.kwp_lengths().iter().copied().collect();
            assert_eq!(listed, wrapped, "{kind}");
        }
    }
}
