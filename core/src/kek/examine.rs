//! The examination of a KEK document: every rule, and one verdict.

use super::document::{self, Document, Numbers};
use super::rules;
use super::{Kek, KekBits, KekVerdict, PublicNumbers, Thumbprint, der, refusal};
use crate::base64::to_base64url;
use crate::finding::Findings;
use crate::key_id::KidProblem;
use crate::{Admission, Error, Kid};
use sha2::{Digest, Sha256};

/// Largest KEK document that is read, in bytes; real ones stay below 4 KiB, attestations below 30.
pub const MAX_KEK_DOCUMENT: usize = 64 * 1024;

/// What is examined.
#[derive(Debug, Clone, Copy)]
pub struct KekSource<'a> {
    /// The document's bytes, as they were in the file.
    pub document: &'a [u8],
    /// A second document of the same KEK, when there is one (a PEM beside the JSON): modulus and exponent
    /// must agree. Everything else is taken from the first.
    pub beside: Option<&'a [u8]>,
    /// The key identifier given beside it, when there is one.
    pub kid: Option<&'a str>,
    /// Seconds since 1970, for `nbf` and `exp`; None makes that rule an `unchecked` finding.
    pub now: Option<i64>,
    /// What the caller admits.
    pub admission: &'a Admission,
}

/// The parts of a KEK, before anybody knows whether they may be put together.
#[derive(Default)]
struct Parts {
    kid: Option<Kid>,
    key: Option<Key>,
}

struct Key {
    numbers: Numbers,
    bits: u32,
    spki: Vec<u8>,
    jwk_thumbprint: String,
}

/// The verdict, what the document says of the key, and the KEK or why there is none.
type Concluded = (KekVerdict, Option<PublicNumbers>, Result<Kek, Error>);

pub(super) fn examine(source: &KekSource<'_>) -> Concluded {
    let mut findings = Findings::default();
    let mut parts = Parts::default();
    match document::read(source.document) {
        Ok(document) => {
            parts.kid = kid(source, document.claims.kid.as_deref(), &mut findings);
            rules::check_claims(&document.claims, source.now, &mut findings);
            rules::check_numbers(&document.numbers, &mut findings);
            compare(&document, source.beside, &mut findings);
            parts.key = key(document.numbers);
            if parts.key.is_none() && findings.refusal.is_none() {
                findings.refuse(refusal::DER_FORM.into());
            }
        }
        Err(error) => {
            findings.refuse(error);
            // The identifier is judged all the same; that none was given is not the news here.
            if given_kid(source).is_some() {
                parts.kid = kid(source, None, &mut findings);
            }
        }
    }
    conclude(parts, findings)
}

/// An empty field is no identifier.
fn given_kid<'a>(source: &KekSource<'a>) -> Option<&'a str> {
    source.kid.filter(|kid| !kid.trim().is_empty())
}

/// The identifier from the document or from beside it; where both are given they must agree, and
/// the one with a version counts.
fn kid(source: &KekSource<'_>, in_document: Option<&str>, findings: &mut Findings) -> Option<Kid> {
    let mut parse =
        |text: Option<&str>| text.map(|text| findings.take(Kid::parse(text, source.admission)));
    let kid = match (parse(in_document), parse(given_kid(source))) {
        (None, None) => findings.take(Err(Error::Kid(KidProblem::Missing))),
        (Some(one), None) | (None, Some(one)) => one,
        (Some(Some(document)), Some(Some(given))) => {
            if document.agrees_with(&given) {
                Some(if document.version().is_some() {
                    document
                } else {
                    given
                })
            } else {
                findings.refuse(refusal::KID_DISAGREES.into());
                None
            }
        }
        (Some(_), Some(_)) => None,
    };
    if let Some(kid) = &kid {
        findings.list.extend(kid.findings());
    }
    kid
}

fn compare(document: &Document, beside: Option<&[u8]>, findings: &mut Findings) {
    if let Some(bytes) = beside
        && let Some(other) = findings.take(document::read(bytes))
        && other.numbers != document.numbers
    {
        findings.refuse(refusal::NUMBERS_DISAGREE.into());
    }
}

/// None where a number is zero, or nothing that DER can hold.
fn key(numbers: Numbers) -> Option<Key> {
    if numbers.modulus.is_empty() || numbers.exponent.is_empty() {
        return None;
    }
    let spki = der::encode(&numbers)?;
    let bits = rules::bits(&numbers.modulus);
    let jwk_thumbprint = jwk_thumbprint(&numbers);
    Some(Key {
        numbers,
        bits,
        spki,
        jwk_thumbprint,
    })
}

/// RFC 7638 §3: the required members in this order, without white space; `kty` is the key type of
/// RFC 7518, not Azure's.
fn jwk_thumbprint(numbers: &Numbers) -> String {
    let exponent = to_base64url(&numbers.exponent);
    let modulus = to_base64url(&numbers.modulus);
    let digest = Sha256::new()
        .chain_update(r#"{"e":""#)
        .chain_update(exponent)
        .chain_update(r#"","kty":"RSA","n":""#)
        .chain_update(modulus)
        .chain_update(r#""}"#)
        .finalize();
    to_base64url(&digest)
}

fn conclude(parts: Parts, findings: Findings) -> Concluded {
    let Parts { kid, key } = parts;
    let thumbprint = key.as_ref().map(|key| Thumbprint::of_spki(&key.spki));
    let mut verdict = KekVerdict {
        admitted: false,
        kid: kid.as_ref().map(|kid| kid.as_str().to_owned()),
        bits: key.as_ref().map(|key| key.bits),
        exponent: key
            .as_ref()
            .and_then(|key| rules::small(&key.numbers.exponent)),
        thumbprint_sha256: thumbprint.map(|thumbprint| thumbprint.to_string()),
        jwk_thumbprint: key.as_ref().map(|key| key.jwk_thumbprint.clone()),
        findings: findings.list,
    };
    let numbers = key.as_ref().map(|key| PublicNumbers {
        modulus: key.numbers.modulus.clone(),
        exponent: key.numbers.exponent.clone(),
    });
    let kek = match (findings.refusal, kid, key, thumbprint) {
        (Some(refusal), ..) => Err(refusal),
        (None, Some(kid), Some(key), Some(thumbprint)) => assemble(kid, key, thumbprint),
        // Cannot be: a missing identifier or key has been refused by its name above.
        (None, ..) => Err(refusal::UNRECOGNISED.into()),
    };
    verdict.admitted = kek.is_ok();
    (verdict, numbers, kek)
}

fn assemble(kid: Kid, key: Key, thumbprint: Thumbprint) -> Result<Kek, Error> {
    let bits = KekBits::from_bits(key.bits).ok_or_else(|| rules::wrong_size(key.bits))?;
    Ok(Kek {
        kid,
        bits,
        modulus: key.numbers.modulus,
        exponent: key.numbers.exponent,
        spki: key.spki,
        thumbprint,
        jwk_thumbprint: key.jwk_thumbprint,
    })
}
