//! What was wrapped, read strictly: PKCS#8 DER (RFC 5208) to its last byte.

use der::Decode;
use der::asn1::ObjectIdentifier;
use keyferry_core::{Curve, SelfTest};
use p256::elliptic_curve::sec1::ToSec1Point;
use pkcs8::PrivateKeyInfoRef;
use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use zeroize::Zeroizing;

use super::open::Refusal;
use crate::hsm::pkcs11::{ec_spki, rsa_spki};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// Key wrap counts in blocks of eight bytes, so a token that pads by itself adds at most seven.
const MAX_TRAILING_ZEROS: usize = 7;

/// Reads the public half out of the private key that was wrapped.
type PublicHalf = fn(&[u8]) -> Option<Vec<u8>>;

/// The right key, as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Bytes of the key.
    pub(super) length: usize,
    /// Zero bytes after it.
    pub(super) zeros: usize,
}

impl Found {
    pub(super) fn outcome(self) -> SelfTest {
        if self.zeros == 0 {
            SelfTest::Exact
        } else {
            SelfTest::TrailingZeros
        }
    }

    /// True when a token that pads to whole blocks by itself would have added nothing either, so that
    /// this key does not tell whether it does.
    pub(super) fn is_whole_blocks(self) -> bool {
        self.zeros == 0 && self.length.is_multiple_of(8)
    }
}

/// Compares a PKCS#8 RSA key with the SPKI that the token shows.
pub(super) fn compare_rsa(plaintext: &[u8], spki: &[u8]) -> Result<Found, Refusal> {
    compare_der(plaintext, spki, rsa_public_half)
}

/// Compares a PKCS#8 P-256 key with the SPKI that the token shows.
pub(super) fn compare_p256(plaintext: &[u8], spki: &[u8]) -> Result<Found, Refusal> {
    compare_der(plaintext, spki, p256_public_half)
}

/// Compares raw AES-256 key bytes, by `same`, with the key in the token.
pub(super) fn compare_aes256(
    plaintext: &[u8],
    same: impl Fn(&[u8]) -> bool,
) -> Result<Found, Refusal> {
    let length = || Refusal::failed(format!("an AES-256 key of {} bytes", plaintext.len()));
    let (key, rest) = plaintext.split_at_checked(32).ok_or_else(length)?;
    if !is_padding(rest) {
        return Err(length());
    }
    if same(key) {
        Ok(Found {
            length: key.len(),
            zeros: rest.len(),
        })
    } else {
        Err(Refusal::failed("it opened to another AES key"))
    }
}

fn compare_der(plaintext: &[u8], spki: &[u8], public_half: PublicHalf) -> Result<Found, Refusal> {
    for zeros in 0..=MAX_TRAILING_ZEROS {
        let Some((der, padding)) = plaintext
            .len()
            .checked_sub(zeros)
            .and_then(|end| plaintext.split_at_checked(end))
        else {
            break;
        };
        if !is_padding(padding) {
            break;
        }
        match public_half(der) {
            Some(found) if found == spki => {
                return Ok(Found {
                    length: der.len(),
                    zeros,
                });
            }
            Some(_) => return Err(Refusal::failed("it opened to another key")),
            None => {}
        }
    }
    Err(Refusal::failed("it opened to something that is not PKCS#8"))
}

fn is_padding(bytes: &[u8]) -> bool {
    bytes.len() <= MAX_TRAILING_ZEROS && bytes.iter().all(|byte| *byte == 0)
}

fn rsa_public_half(der: &[u8]) -> Option<Vec<u8>> {
    // Decoding checks that the primes, exponents and modulus belong together.
    let key = PrivateKey::from_pkcs8_der(der).ok()?;
    rsa_spki(&key.n_bytes(), &key.e_bytes())
}

fn p256_public_half(der: &[u8]) -> Option<Vec<u8>> {
    let info = PrivateKeyInfoRef::from_der(der).ok()?;
    if info.algorithm.oid != EC_PUBLIC_KEY || info.algorithm.parameters_oid().ok()? != P256 {
        return None;
    }
    let key = sec1::EcPrivateKey::from_der(info.private_key.as_bytes()).ok()?;
    if key
        .parameters
        .as_ref()
        .is_some_and(|parameters| parameters.named_curve() != Some(P256))
    {
        return None;
    }
    // The scalar's leading zeros may be missing (some tokens drop them); what counts here is its value.
    let mut scalar = Zeroizing::new([0; 32]);
    let start = scalar.len().checked_sub(key.private_key.len())?;
    scalar.get_mut(start..)?.copy_from_slice(key.private_key);
    let point = p256::SecretKey::from_slice(scalar.as_slice())
        .ok()?
        .public_key()
        .to_sec1_point(false);
    if key
        .public_key
        .is_some_and(|stated| stated != point.as_bytes())
    {
        return None;
    }
    ec_spki(Curve::P256, point.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    /// What comes before the scalar in a P-256 key's PKCS#8 without a public key.
    const HEAD: [u8; 35] = *b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20";

    /// PKCS#8 of the P-256 key with this small scalar.
    fn p256(scalar: u8) -> Vec<u8> {
        [HEAD.as_slice(), &[0; 31], &[scalar]].concat()
    }

    fn generator() -> Vec<u8> {
        p256_public_half(&p256(1)).unwrap()
    }

    fn padded(zeros: usize) -> Vec<u8> {
        [p256(1), vec![0; zeros]].concat()
    }

    #[test]
    fn the_public_half_of_one_is_the_generator() {
        let x = [0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47];
        assert!(generator().windows(8).any(|window| window == x));
    }

    fn zeros(found: Result<Found, Refusal>) -> Result<usize, SelfTest> {
        found
            .map(|found| found.zeros)
            .map_err(|refusal| refusal.outcome)
    }

    #[test]
    fn counts_up_to_seven_zero_bytes_after_the_der_and_no_more() {
        for count in 0..=7 {
            assert_eq!(zeros(compare_p256(&padded(count), &generator())), Ok(count));
        }
        assert_eq!(
            zeros(compare_p256(&padded(8), &generator())),
            Err(SelfTest::Failed)
        );
    }

    #[test]
    fn zero_bytes_make_the_difference_between_exact_and_not() {
        let found = |length, zeros| Found { length, zeros };
        assert_eq!(found(67, 0).outcome(), SelfTest::Exact);
        assert_eq!(found(67, 5).outcome(), SelfTest::TrailingZeros);
        assert!(found(1216, 0).is_whole_blocks(), "it tells nothing");
        assert!(!found(1217, 0).is_whole_blocks() && !found(67, 5).is_whole_blocks());
    }

    #[test]
    fn refuses_other_bytes_after_the_der() {
        let mut tail = padded(3);
        *tail.last_mut().unwrap() = 1;
        assert_eq!(
            zeros(compare_p256(&tail, &generator())),
            Err(SelfTest::Failed)
        );
    }

    #[test]
    fn refuses_another_key_another_curve_and_no_key() {
        let mut curve = p256(1);
        curve[25] = 0x06;
        for plaintext in [p256(2), curve, Vec::new(), vec![0; 5]] {
            assert_eq!(
                zeros(compare_p256(&plaintext, &generator())),
                Err(SelfTest::Failed)
            );
        }
    }

    #[test]
    fn an_aes_key_is_32_bytes_and_the_same() {
        let same = |key: &[u8]| key == [7; 32];
        let padded = |count: usize| [[7; 32].as_slice(), &vec![0; count]].concat();
        assert_eq!(zeros(compare_aes256(&padded(0), same)), Ok(0));
        assert_eq!(zeros(compare_aes256(&padded(7), same)), Ok(7));
        for plaintext in [vec![8; 32], vec![7; 31], vec![7; 33], padded(8), Vec::new()] {
            assert_eq!(
                zeros(compare_aes256(&plaintext, same)),
                Err(SelfTest::Failed)
            );
        }
    }
}
