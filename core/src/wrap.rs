//! The wrap: algorithms, what the self-test said of a strategy, and the ciphertext.

use crate::{Error, KekBits, TargetKind};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a token makes the ciphertext: one mechanism, or OAEP over a fresh AES-256 key and a key
/// wrap with padding over the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub enum Strategy {
    /// `CKM_RSA_AES_KEY_WRAP` (0x1054), one call.
    #[serde(rename = "rsa-aes-key-wrap")]
    RsaAesKeyWrap,
    /// `CKM_RSA_PKCS_OAEP` and `CKM_AES_KEY_WRAP_KWP` (0x210B).
    #[serde(rename = "oaep+kwp")]
    OaepKwp,
    /// `CKM_RSA_PKCS_OAEP` and Luna's KWP (0x80000171).
    #[serde(rename = "oaep+luna-kwp")]
    OaepLunaKwp,
    /// `CKM_RSA_PKCS_OAEP` and the KWP of the Cavium/Marvell lineage (0x8000216F).
    #[serde(rename = "oaep+cavium-kwp")]
    OaepCaviumKwp,
    /// `CKM_RSA_PKCS_OAEP` and `CKM_AES_KEY_WRAP_PAD` (0x210A), whose meaning differs by token.
    #[serde(rename = "oaep+aes-wrap-pad")]
    OaepAesWrapPad,
}

impl Strategy {
    /// Every strategy, in the order of preference.
    pub const ALL: [Self; 5] = [
        Self::RsaAesKeyWrap,
        Self::OaepKwp,
        Self::OaepLunaKwp,
        Self::OaepCaviumKwp,
        Self::OaepAesWrapPad,
    ];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaAesKeyWrap => "rsa-aes-key-wrap",
            Self::OaepKwp => "oaep+kwp",
            Self::OaepLunaKwp => "oaep+luna-kwp",
            Self::OaepCaviumKwp => "oaep+cavium-kwp",
            Self::OaepAesWrapPad => "oaep+aes-wrap-pad",
        }
    }

    pub(crate) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Strategy {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|strategy| strategy.name() == name)
            .ok_or(Error::UnknownStrategy)
    }
}

/// What opening a blob made with a strategy on this token showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum SelfTest {
    /// Opened by RFC 8017 OAEP and RFC 5649, and the plaintext is exactly the key.
    Exact,
    /// Opened, but up to seven zero bytes follow the DER; how many depends on the key's length.
    /// What Azure makes of them is unknown.
    TrailingZeros,
    /// Wrapped with PKCS#7 padding and RFC 3394, not RFC 5649: Azure cannot open it.
    WrongPadding,
    /// OAEP with another hash than SHA-1: Azure cannot open it.
    WrongHash,
    /// Did not open, or opened to something else.
    Failed,
    /// Was not run.
    NotRun,
}

impl SelfTest {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::TrailingZeros => "trailing-zeros",
            Self::WrongPadding => "wrong-padding",
            Self::WrongHash => "wrong-hash",
            Self::Failed => "failed",
            Self::NotRun => "not-run",
        }
    }

    /// True when a blob was opened and held the key.
    pub fn passed(self) -> bool {
        matches!(self, Self::Exact | Self::TrailingZeros)
    }
}

impl fmt::Display for SelfTest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The hash of OAEP, for label and MGF1 alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OaepHash {
    /// SHA-1: the one that Azure takes.
    Sha1,
    /// SHA-256: taken by other clouds, not offered.
    Sha256,
}

/// How the two parts are packed for the receiving side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Envelope {
    /// Azure's `.byok` JSON file (BYOK specification, "Key Transfer Blob").
    AzureByok,
}

impl Envelope {
    /// The OAEP hash that the receiving side expects.
    pub fn oaep_hash(self) -> OaepHash {
        match self {
            Self::AzureByok => OaepHash::Sha1,
        }
    }
}

/// `RSA-OAEP(AES-256 key) || AES-KWP(target)`, of a length that fits KEK and target.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext {
    bytes: Vec<u8>,
}

impl Ciphertext {
    /// Takes what a token returned.
    ///
    /// The RSA part has the KEK's size. The rest must be a length of [`TargetKind::kwp_lengths`],
    /// or one of `proven_lengths`: bytes of the KWP part of a blob for this kind that the
    /// self-test opened on this same token.
    ///
    /// # Errors
    /// [`Error::CiphertextLength`] for every other length.
    pub fn new(
        bytes: Vec<u8>,
        kek: KekBits,
        target: TargetKind,
        proven_lengths: &[usize],
    ) -> Result<Self, Error> {
        let fits = bytes.len().checked_sub(kek.bytes()).is_some_and(|kwp| {
            target.kwp_lengths().contains(&kwp) || proven_lengths.contains(&kwp)
        });
        if fits {
            Ok(Self { bytes })
        } else {
            Err(Error::CiphertextLength {
                actual: bytes.len(),
                target,
                kek_bits: kek.bits(),
            })
        }
    }

    /// Takes what a blob held; the caller has checked that its length has a reading.
    pub(crate) fn read(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Base64url without padding, as it stands in the blob.
    pub fn to_base64url(&self) -> String {
        crate::to_base64url(&self.bytes)
    }
}

/// Length only: a ciphertext is no secret, but hundreds of bytes help nobody in a log.
impl fmt::Debug for Ciphertext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ciphertext({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn takes_every_length_of_the_table() {
        for kek in KekBits::ALL {
            for target in TargetKind::ALL {
                for kwp in target.kwp_lengths() {
                    let bytes = vec![0; kek.bytes() + kwp];
                    assert!(
                        Ciphertext::new(bytes, kek, target, &[]).is_ok(),
                        "{target} {kwp}"
                    );
                }
            }
        }
    }

    #[test]
    fn refuses_a_length_of_another_target() {
        let error = Ciphertext::new(vec![0; 256 + 24], KekBits::B2048, TargetKind::Aes256, &[])
            .unwrap_err();
        assert_eq!(error.code(), "ciphertext-length");
    }

    #[test]
    fn refuses_less_than_the_rsa_part() {
        for length in [0, 1, 255, 256, 257] {
            assert!(
                Ciphertext::new(vec![0; length], KekBits::B2048, TargetKind::P256, &[]).is_err()
            );
        }
    }

    #[test]
    fn takes_a_deviating_length_only_when_the_self_test_opened_it() {
        let bytes = vec![0; 512 + 168];
        assert!(Ciphertext::new(bytes.clone(), KekBits::B4096, TargetKind::P256, &[]).is_err());
        assert!(Ciphertext::new(bytes, KekBits::B4096, TargetKind::P256, &[168]).is_ok());
    }

    #[test]
    fn names_and_serialised_names_agree() {
        for strategy in Strategy::ALL {
            assert_eq!(
                serde_json::to_string(&strategy).unwrap(),
                format!("\"{strategy}\"")
            );
            assert_eq!(strategy.name().parse::<Strategy>().unwrap(), strategy);
        }
        for outcome in [
            SelfTest::Exact,
            SelfTest::TrailingZeros,
            SelfTest::WrongPadding,
            SelfTest::WrongHash,
            SelfTest::Failed,
            SelfTest::NotRun,
        ] {
            assert_eq!(
                serde_json::to_string(&outcome).unwrap(),
                format!("\"{outcome}\"")
            );
        }
        assert!("oaep".parse::<Strategy>().is_err());
    }
}
