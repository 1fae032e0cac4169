//! What the signed statement says of the key, and whether it is this KEK.

use super::layout::AttestedBlob;
use super::object::{Kind, Object, PRIVATE, PUBLIC, RSA};
use super::refusal::Refusal;

/// The private key's object, exactly one among the statement's.
pub(super) fn private_key<'a, 'b>(blob: &'b AttestedBlob<'a>) -> Result<&'b Object<'a>, Refusal> {
    only(blob, PRIVATE).ok_or_else(|| {
        Refusal::key(
            "attestation-not-private",
            "the statement about the private key does not speak of exactly one private key",
        )
    })
}

/// The public key's object, exactly one among the statement's.
pub(super) fn public_key<'a, 'b>(blob: &'b AttestedBlob<'a>) -> Result<&'b Object<'a>, Refusal> {
    only(blob, PUBLIC).ok_or_else(|| {
        Refusal::key(
            "attestation-not-public",
            "the statement about the public key does not speak of exactly one public key",
        )
    })
}

fn only<'a, 'b>(blob: &'b AttestedBlob<'a>, class: u8) -> Option<&'b Object<'a>> {
    let mut found = blob
        .objects
        .iter()
        .filter(|object| object.byte(Kind::Class) == Some(class));
    match (found.next(), found.next()) {
        (Some(object), None) => Some(object),
        _ => None,
    }
}

/// An RSA key, made in the HSM, that can not leave it and never could. Every rule is told, not the first alone.
pub(super) fn origin(object: &Object<'_>) -> Vec<Refusal> {
    const RULES: [(Kind, u8, &str, &str); 6] = [
        (
            Kind::KeyType,
            RSA,
            "attestation-key-type",
            "the key is not an RSA key",
        ),
        (
            Kind::Local,
            1,
            "attestation-imported",
            "the key was not made in the HSM",
        ),
        (
            Kind::Extractable,
            0,
            "attestation-extractable",
            "the key may leave the HSM",
        ),
        (
            Kind::NeverExtractable,
            1,
            "attestation-was-extractable",
            "the key could once leave the HSM",
        ),
        (
            Kind::Sensitive,
            1,
            "attestation-not-sensitive",
            "the key can be read in the clear",
        ),
        (
            Kind::AlwaysSensitive,
            1,
            "attestation-was-not-sensitive",
            "the key could once be read in the clear",
        ),
    ];
    RULES
        .into_iter()
        .filter_map(|(kind, wanted, code, what)| match object.get(kind) {
            Some([byte]) if *byte == wanted => None,
            Some([byte]) => Some(Refusal::key(
                code,
                format!("{what} ({} is {byte})", kind.name()),
            )),
            Some(_) => Some(Refusal::key(
                "attestation-attribute-form",
                format!("{} has not the length that it should have", kind.name()),
            )),
            None => Some(Refusal::key(
                "attestation-attribute-missing",
                format!("the statement does not say {}", kind.name()),
            )),
        })
        .collect()
}

/// The signed numbers are this KEK's.
pub(super) fn numbers(object: &Object<'_>, modulus: &[u8], exponent: &[u8]) -> Vec<Refusal> {
    const OTHER: &str = "Load the attestation of this very KEK and version. If it was, do not wrap: the KEK's file was swapped.";
    let signed = |kind: Kind| object.get(kind).map(without_leading_zeros);
    let mut refusals = Vec::new();
    if signed(Kind::Modulus) != Some(modulus) {
        refusals.push(
            Refusal::key(
                "attestation-other-key",
                "the statement is about another key: its modulus is not the KEK's",
            )
            .advising(OTHER),
        );
    }
    if signed(Kind::PublicExponent) != Some(exponent) {
        refusals.push(
            Refusal::key(
                "attestation-other-exponent",
                "the statement gives another exponent than the KEK's",
            )
            .advising(OTHER),
        );
    }
    let bits = modulus.len().checked_mul(8);
    let stated = object
        .get(Kind::ModulusBits)
        .and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)))
        .and_then(|bits| usize::try_from(bits).ok());
    if stated.is_none() || stated != bits {
        refusals.push(Refusal::key(
            "attestation-bits",
            "the statement's size of the modulus is not that of its modulus",
        ));
    }
    refusals
}

/// The signed identifier is the path of the kid, `/keys/NAME/VERSION`; names compare without case.
pub(super) fn identifier(object: &Object<'_>, path: &str) -> Result<(), Refusal> {
    let signed = signed_identifier(object);
    if signed
        .as_deref()
        .is_some_and(|signed| signed.eq_ignore_ascii_case(path))
    {
        return Ok(());
    }
    Err(Refusal::key(
        "attestation-other-id",
        format!(
            "the statement is about {}, not about {}",
            crate::visible(signed.as_deref().unwrap_or("a key without a name")),
            crate::visible(path)
        ),
    )
    .advising("Load the attestation of this very KEK and version, and give the KEK's identifier with its version."))
}

/// The signed identifier: text, then zeros up to the attribute's length.
pub(super) fn signed_identifier(object: &Object<'_>) -> Option<String> {
    let bytes = object.get(Kind::Id)?;
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    let (text, padding) = bytes.split_at_checked(end)?;
    if text.is_empty() || padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    core::str::from_utf8(text).ok().map(str::to_owned)
}

/// Both statements are about one key.
pub(super) fn agree(private: &Object<'_>, public: &Object<'_>) -> Result<(), Refusal> {
    let same = [Kind::Modulus, Kind::PublicExponent, Kind::Id]
        .into_iter()
        .all(|kind| private.get(kind).is_some() && private.get(kind) == public.get(kind));
    if same {
        Ok(())
    } else {
        Err(Refusal::key(
            "attestation-halves",
            "the statements about the private and the public key are about different keys",
        ))
    }
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let start = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}
