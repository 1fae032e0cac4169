//! Public keys as SubjectPublicKeyInfo DER (RFC 5280 §4.1.2.7), so that two sides can be compared.

use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, BitStringRef, UintRef};
use der::{Decode, Encode, Tag};
use keyferry_core::Curve;
use pkcs1::RsaPublicKey;
use spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// `rsaEncryption`, RFC 8017 appendix A.1.
pub(super) const RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `id-ecPublicKey`, RFC 5480 §2.1.1.
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The curves that Azure takes, with their object identifiers (RFC 5480 §2.1.1.1, SEC 2 §2.4.1).
const CURVES: [(Curve, ObjectIdentifier); 4] = [
    (
        Curve::P256,
        ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
    ),
    (Curve::P384, ObjectIdentifier::new_unwrap("1.3.132.0.34")),
    (Curve::P521, ObjectIdentifier::new_unwrap("1.3.132.0.35")),
    (Curve::P256K, ObjectIdentifier::new_unwrap("1.3.132.0.10")),
];

/// The curve of an object identifier, if Azure takes it.
pub(super) fn curve_of(oid: ObjectIdentifier) -> Option<Curve> {
    CURVES
        .into_iter()
        .find(|(_, known)| *known == oid)
        .map(|(curve, _)| curve)
}

/// Bytes of a coordinate or scalar: the field's size, rounded up.
pub(super) fn field_bytes(curve: Curve) -> usize {
    match curve {
        Curve::P256 | Curve::P256K => 32,
        Curve::P384 => 48,
        Curve::P521 => 66,
    }
}

/// An RSA public key; leading zero bytes of `modulus` and `exponent` are ignored.
pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
    let key = RsaPublicKey {
        modulus: UintRef::new(modulus)?,
        public_exponent: UintRef::new(exponent)?,
    }
    .to_der()?;
    let algorithm = AlgorithmIdentifier {
        oid: RSA_ENCRYPTION,
        parameters: Some(AnyRef::NULL),
    };
    SubjectPublicKeyInfo {
        algorithm,
        subject_public_key: BitStringRef::from_bytes(&key)?,
    }
    .to_der()
}

/// The size of an RSA key's modulus in bits; none for another key.
pub(super) fn rsa_bits(spki: &[u8]) -> Option<u32> {
    let info = SubjectPublicKeyInfo::<AnyRef<'_>, BitStringRef<'_>>::from_der(spki).ok()?;
    let key = RsaPublicKey::<UintRef<'_>>::from_der(info.subject_public_key.as_bytes()?).ok()?;
    let modulus = key.modulus.as_bytes();
    let leading = modulus.first()?.leading_zeros();
    u32::try_from(modulus.len() * 8).ok()?.checked_sub(leading)
}

/// The point of an EC public key, as SEC 1 §2.3.3 writes it.
pub(super) fn point(spki: &[u8]) -> Option<Vec<u8>> {
    let info = SubjectPublicKeyInfo::<AnyRef<'_>, BitStringRef<'_>>::from_der(spki).ok()?;
    info.subject_public_key.as_bytes().map(<[u8]>::to_vec)
}

/// An EC public key with named curve and uncompressed point (SEC 1 §2.3.3).
///
/// # Errors
/// When a coordinate is longer than the field.
pub(super) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> der::Result<Vec<u8>> {
    let size = field_bytes(curve);
    let mut point = vec![4];
    for coordinate in [x, y] {
        let missing = size
            .checked_sub(coordinate.len())
            .ok_or_else(|| Tag::BitString.length_error())?;
        point.resize(point.len() + missing, 0);
        point.extend_from_slice(coordinate);
    }
    let oid = CURVES
        .into_iter()
        .find(|(known, _)| *known == curve)
        .map(|(_, oid)| oid);
    let parameters = oid.ok_or_else(|| Tag::ObjectIdentifier.value_error())?;
    let algorithm = AlgorithmIdentifier {
        oid: EC_PUBLIC_KEY,
        parameters: Some(AnyRef::from(&parameters)),
    };
    SubjectPublicKeyInfo {
        algorithm,
        subject_public_key: BitStringRef::from_bytes(&point)?,
    }
    .to_der()
}
