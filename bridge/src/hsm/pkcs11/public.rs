//! Public halves as `SubjectPublicKeyInfo` DER (RFC 5280 §4.1.2.7, RFC 3279, RFC 5480).

use cryptoki::object::{AttributeType, KeyType, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{Any, BitString, ObjectIdentifier, UintRef};
use der::{Decode, Encode};
use keyferry_core::Curve;
use spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::Attributes;
use crate::hsm::error::HsmError;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

const CURVES: [(Curve, ObjectIdentifier, usize); 4] = [
    (
        Curve::P256,
        ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
        32,
    ),
    (
        Curve::P384,
        ObjectIdentifier::new_unwrap("1.3.132.0.34"),
        48,
    ),
    (
        Curve::P521,
        ObjectIdentifier::new_unwrap("1.3.132.0.35"),
        66,
    ),
    (
        Curve::P256K,
        ObjectIdentifier::new_unwrap("1.3.132.0.10"),
        32,
    ),
];

/// The public half that an RSA or EC object shows, if it shows one.
pub(in crate::hsm) fn spki_of(
    session: &Session,
    object: ObjectHandle,
) -> Result<Option<Vec<u8>>, HsmError> {
    let attributes = Attributes::read(
        session,
        object,
        &[
            AttributeType::KeyType,
            AttributeType::Modulus,
            AttributeType::PublicExponent,
            AttributeType::EcParams,
            AttributeType::EcPoint,
        ],
    )?;
    Ok(spki_of_attributes(&attributes))
}

/// The same of attributes that were read.
pub(super) fn spki_of_attributes(attributes: &Attributes) -> Option<Vec<u8>> {
    match attributes.key_type() {
        Some(KeyType::RSA) => attributes
            .modulus()
            .zip(attributes.public_exponent())
            .and_then(|(modulus, exponent)| rsa_spki(&modulus, &exponent)),
        Some(KeyType::EC) => attributes
            .ec_params()
            .zip(attributes.ec_point())
            .and_then(|(params, point)| ec_spki(curve_of(&params)?, &point)),
        _ => None,
    }
}

/// `rsaEncryption` with NULL parameters; the numbers are big-endian without leading zeros.
pub(in crate::hsm) fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let key = pkcs1::RsaPublicKey {
        modulus: UintRef::new(modulus).ok()?,
        public_exponent: UintRef::new(exponent).ok()?,
    };
    encode(RSA_ENCRYPTION, Any::null(), &key.to_der().ok()?)
}

/// `id-ecPublicKey` with a named curve and an uncompressed point.
pub(in crate::hsm) fn ec_spki(curve: Curve, point: &[u8]) -> Option<Vec<u8>> {
    let (_, oid, field) = CURVES.into_iter().find(|(known, ..)| *known == curve)?;
    encode(
        EC_PUBLIC_KEY,
        Any::encode_from(&oid).ok()?,
        bare_point(point, field)?,
    )
}

/// The curve that `CKA_EC_PARAMS` names, if it is one that Azure takes.
pub(in crate::hsm) fn curve_of(params: &[u8]) -> Option<Curve> {
    let oid = ObjectIdentifier::from_der(params).ok()?;
    CURVES
        .into_iter()
        .find_map(|(curve, known, _)| (known == oid).then_some(curve))
}

/// `CKA_EC_PARAMS` of a named curve.
pub(in crate::hsm) fn curve_oid(curve: Curve) -> Option<Vec<u8>> {
    CURVES
        .into_iter()
        .find(|(known, ..)| *known == curve)
        .and_then(|(_, oid, _)| oid.to_der().ok())
}

fn encode(oid: ObjectIdentifier, parameters: Any, key: &[u8]) -> Option<Vec<u8>> {
    let subject_public_key = BitString::from_bytes(key).ok()?;
    let algorithm = AlgorithmIdentifier {
        oid,
        parameters: Some(parameters),
    };
    SubjectPublicKeyInfo {
        algorithm,
        subject_public_key,
    }
    .to_der()
    .ok()
}

/// `CKA_EC_POINT` is a DER octet string (PKCS#11 v3.1 §6.3.3), yet some tokens return the point bare:
/// the length tells which.
fn bare_point(point: &[u8], field: usize) -> Option<&[u8]> {
    let uncompressed = 1 + 2 * field;
    let bare = match point.len() {
        length if length == uncompressed => point,
        // 0x04 and the length: one byte below 128, two from there.
        length if length == uncompressed + 2 => {
            point.strip_prefix(&[4, u8::try_from(uncompressed).ok()?])?
        }
        length if length == uncompressed + 3 => {
            point.strip_prefix(&[4, 0x81, u8::try_from(uncompressed).ok()?])?
        }
        _ => return None,
    };
    (bare.first() == Some(&4)).then_some(bare)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn point(field: usize) -> Vec<u8> {
        let mut point = vec![7; 1 + 2 * field];
        point[0] = 4;
        point
    }

    #[test]
    fn takes_a_point_bare_and_as_octet_string() {
        for (curve, _, field) in CURVES {
            let bare = point(field);
            let wrapped = der::asn1::OctetString::new(bare.clone())
                .unwrap()
                .to_der()
                .unwrap();
            let spki = ec_spki(curve, &bare).unwrap();
            assert_eq!(ec_spki(curve, &wrapped).unwrap(), spki);
            assert!(spki.ends_with(&bare));
        }
    }

    #[test]
    fn takes_no_point_of_another_curve_and_none_compressed() {
        assert!(ec_spki(Curve::P256, &point(48)).is_none());
        let mut compressed = vec![7; 33];
        compressed[0] = 2;
        assert!(ec_spki(Curve::P256, &compressed).is_none());
        let mut hybrid = point(32);
        hybrid[0] = 6;
        assert!(ec_spki(Curve::P256, &hybrid).is_none());
    }

    #[test]
    fn an_rsa_key_gets_null_parameters_and_positive_integers() {
        let spki = rsa_spki(&[0x80, 1], &[1, 0, 1]).unwrap();
        let expected = [
            &[0x30, 0x1E][..],
            &[
                0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05,
                0x00,
            ],
            &[
                0x03, 0x0D, 0x00, 0x30, 0x0A, 0x02, 0x03, 0x00, 0x80, 0x01, 0x02, 0x03, 0x01, 0x00,
                0x01,
            ],
        ]
        .concat();
        assert_eq!(spki, expected);
    }

    #[test]
    fn knows_a_curve_by_its_oid_and_no_other() {
        for (curve, ..) in CURVES {
            assert_eq!(curve_of(&curve_oid(curve).unwrap()), Some(curve));
        }
        let brainpool = ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7")
            .to_der()
            .unwrap();
        assert_eq!(curve_of(&brainpool), None);
        assert_eq!(curve_of(&[0x30, 0]), None);
    }
}
