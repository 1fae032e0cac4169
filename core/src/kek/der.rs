//! RSA public keys in strict DER: SubjectPublicKeyInfo (RFC 5280 §4.1) and RSAPublicKey
//! (RFC 8017 §A.1.1).

use super::document::Numbers;
use super::refusal::{self, Refusal};
use crate::Error;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Tag, Tagged};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// True when the bytes are one SEQUENCE by their outermost length, which text practically never is.
pub(super) fn is_whole_sequence(bytes: &[u8]) -> bool {
    AnyRef::from_der(bytes).is_ok_and(|any| any.tag() == Tag::Sequence)
}

/// Reads either form.
pub(super) fn public_key(der: &[u8]) -> Result<Numbers, Error> {
    match first_tags(der).as_slice() {
        [Tag::Integer, Tag::Integer] => rsa_public_key(der),
        _ => subject_public_key_info(der),
    }
}

/// Reads a SubjectPublicKeyInfo of an RSA key.
pub(super) fn subject_public_key_info(der: &[u8]) -> Result<Numbers, Error> {
    let Ok(info) = SubjectPublicKeyInfoRef::from_der(der) else {
        return Err(other_content(der).into());
    };
    match info.algorithm.oid {
        RSA_ENCRYPTION => {}
        EC_PUBLIC_KEY => return Err(refusal::EC.into()),
        _ => return Err(refusal::NOT_RSA.into()),
    }
    // RFC 8017 §A.1: the parameters are NULL, and present.
    if info.algorithm.parameters != Some(AnyRef::NULL) {
        return Err(refusal::DER_FORM.into());
    }
    rsa_public_key(
        info.subject_public_key
            .as_bytes()
            .ok_or(refusal::DER_FORM)?,
    )
}

/// Reads an RSAPublicKey.
pub(super) fn rsa_public_key(der: &[u8]) -> Result<Numbers, Error> {
    match pkcs1::RsaPublicKeyRef::from_der(der) {
        Ok(key) => Ok(Numbers::new(
            key.modulus.as_bytes(),
            key.public_exponent.as_bytes(),
        )),
        Err(_) => Err(other_content(der).into()),
    }
}

/// Writes the SubjectPublicKeyInfo of a key. None for numbers that DER cannot hold.
pub(super) fn encode(numbers: &Numbers) -> Option<Vec<u8>> {
    let key = pkcs1::RsaPublicKeyRef {
        modulus: UintRef::new(&numbers.modulus).ok()?,
        public_exponent: UintRef::new(&numbers.exponent).ok()?,
    }
    .to_der()
    .ok()?;
    let algorithm = AlgorithmIdentifierRef {
        oid: RSA_ENCRYPTION,
        parameters: Some(AnyRef::NULL),
    };
    SubjectPublicKeyInfoRef {
        algorithm,
        subject_public_key: BitStringRef::from_bytes(&key).ok()?,
    }
    .to_der()
    .ok()
}

/// What DER that is no public key most likely is, told by its first tags.
fn other_content(der: &[u8]) -> Refusal {
    match first_tags(der).as_slice() {
        // PKCS#1 (version and eight numbers), PKCS#8, SEC1 and PKCS#12 all begin with their
        // version; an encrypted PKCS#8 is an algorithm and octets.
        [Tag::Integer, Tag::Integer, Tag::Integer, ..]
        | [Tag::Integer, Tag::Sequence | Tag::OctetString, ..]
        | [Tag::Sequence, Tag::OctetString, ..] => refusal::PRIVATE_KEY,
        [Tag::Sequence, Tag::Sequence, Tag::BitString, ..] => refusal::CERTIFICATE,
        _ => refusal::DER_FORM,
    }
}

/// The tags of the first members of a SEQUENCE, as far as they can be read.
fn first_tags(der: &[u8]) -> Vec<Tag> {
    const ENOUGH: usize = 4;
    let mut tags = Vec::with_capacity(ENOUGH);
    let Ok(outer) = AnyRef::from_der(der) else {
        return tags;
    };
    let mut rest = outer.value();
    while tags.len() < ENOUGH
        && let Ok((member, after)) = AnyRef::from_der_partial(rest)
    {
        tags.push(member.tag());
        rest = after;
    }
    tags
}
