//! Which kinds of key a token can keep, by the mechanisms that it lists.

use keyferry_core::{Family, TargetKind};

use crate::hsm::Mechanism;

/// Mechanisms of RSA keys: key pair generation (PKCS#1, X9.31), PKCS#1 v1.5, OAEP.
const RSA: [u64; 4] = [0x0, 0xA, 0x1, 0x9];
/// Of elliptic-curve keys: key pair generation, ECDSA.
const EC: [u64; 2] = [0x1040, 0x1041];
/// Of AES keys: key generation, CBC.
const AES: [u64; 2] = [0x1080, 0x1082];

/// Whether some mechanism takes keys of this kind. Curves cannot be told apart by size, so
/// secp256k1 counts with P-256.
pub(super) fn can_keep(mechanisms: &[Mechanism], kind: TargetKind) -> bool {
    let (family, bits): (&[u64], u64) = match kind {
        TargetKind::Rsa2048 => (&RSA, 2048),
        TargetKind::Rsa3072 => (&RSA, 3072),
        TargetKind::Rsa4096 => (&RSA, 4096),
        TargetKind::P256 | TargetKind::P256K => (&EC, 256),
        TargetKind::P384 => (&EC, 384),
        TargetKind::P521 => (&EC, 521),
        TargetKind::Aes128 => (&AES, 128),
        TargetKind::Aes192 => (&AES, 192),
        TargetKind::Aes256 => (&AES, 256),
    };
    mechanisms
        .iter()
        .filter(|mechanism| family.contains(&mechanism.number))
        .any(|mechanism| covers(mechanism, kind.family(), bits))
}

/// The standard counts RSA and EC in bits and AES in bytes; some tokens count otherwise, which a
/// largest key of less than a hundred or a thousand gives away.
fn covers(mechanism: &Mechanism, family: Family, bits: u64) -> bool {
    let (least, most) = (mechanism.min_key_size, mechanism.max_key_size);
    if most == 0 {
        // Nothing said.
        return true;
    }
    let in_bytes = match family {
        Family::Rsa => most < 1024,
        Family::Ec | Family::Aes => most < 100,
    };
    let size = if in_bytes { bits.div_ceil(8) } else { bits };
    (least..=most).contains(&size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: u64, least: u64, most: u64) -> Vec<Mechanism> {
        vec![Mechanism {
            number,
            flags: 0,
            min_key_size: least,
            max_key_size: most,
        }]
    }

    fn kept(mechanisms: &[Mechanism]) -> Vec<&'static str> {
        TargetKind::ALL
            .into_iter()
            .filter(|kind| can_keep(mechanisms, *kind))
            .map(TargetKind::name)
            .collect()
    }

    #[test]
    fn sizes_bound_the_kinds_whether_counted_in_bits_or_bytes() {
        assert_eq!(kept(&token(0, 1024, 3072)), ["RSA-2048", "RSA-3072"]);
        assert_eq!(
            kept(&token(0, 128, 512)),
            ["RSA-2048", "RSA-3072", "RSA-4096"]
        );
        assert_eq!(kept(&token(0x1040, 256, 384)), ["P-256", "P-384", "P-256K"]);
        assert_eq!(
            kept(&token(0x1040, 32, 66)),
            ["P-256", "P-384", "P-521", "P-256K"]
        );
        assert_eq!(
            kept(&token(0x1080, 16, 32)),
            ["AES-128", "AES-192", "AES-256"]
        );
        assert_eq!(
            kept(&token(0x1080, 128, 256)),
            ["AES-128", "AES-192", "AES-256"]
        );
    }

    #[test]
    fn a_token_that_says_no_sizes_is_not_refused_for_it() {
        assert_eq!(
            kept(&token(0x1080, 0, 0)),
            ["AES-128", "AES-192", "AES-256"]
        );
    }

    #[test]
    fn other_mechanisms_keep_nothing() {
        assert!(kept(&token(0x210B, 16, 32)).is_empty());
        assert!(kept(&[]).is_empty());
    }
}
