//! What a ciphertext's length can mean.

use crate::{KekBits, TargetKind};
use serde::{Deserialize, Serialize};

/// One way to read a ciphertext's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct Reading {
    /// Under a KEK of this size …
    pub kek_bits: u32,
    /// … the blob would hold a key of this kind.
    pub target: TargetKind,
}

/// Every reading of a length, under every KEK size or under the one that is known.
pub(super) fn readings(length: usize, known: Option<KekBits>) -> Vec<Reading> {
    let mut readings = Vec::new();
    for kek in KekBits::ALL
        .into_iter()
        .filter(|kek| known.is_none_or(|known| known == *kek))
    {
        let Some(kwp) = length.checked_sub(kek.bytes()) else {
            continue;
        };
        for target in TargetKind::ALL {
            if target.kwp_lengths().contains(&kwp) {
                readings.push(Reading {
                    kek_bits: kek.bits(),
                    target,
                });
            }
        }
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_hundred_and_eight_bytes_read_several_ways_until_the_kek_is_known() {
        let p256 = Reading {
            kek_bits: 2048,
            target: TargetKind::P256,
        };
        // With the curve's parameters written twice, secp256k1 has P-256's length.
        let p256k = Reading {
            kek_bits: 2048,
            target: TargetKind::P256K,
        };
        let aes = Reading {
            kek_bits: 3072,
            target: TargetKind::Aes128,
        };
        assert_eq!(readings(408, None), [p256, p256k, aes]);
        assert_eq!(readings(408, Some(KekBits::B2048)), [p256, p256k]);
        assert_eq!(readings(408, Some(KekBits::B3072)), [aes]);
        assert_eq!(readings(408, Some(KekBits::B4096)), []);
    }

    #[test]
    fn a_length_off_by_one_or_of_explicit_curve_parameters_has_no_reading() {
        for length in [0, 24, 255, 256, 264, 407, 409, 512 + 352, 65_536] {
            assert_eq!(readings(length, None), [], "{length}");
        }
    }
}
