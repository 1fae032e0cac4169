//! The rules that a KEK must keep (BYOK specification; design, "KEK numbers").

use super::KekBits;
use super::document::{Attributes, Claims, Moment, Numbers};
use super::refusal::{self, refused};
use crate::finding::Findings;
use crate::{Error, Finding};

/// The exponent that Azure gives every key it makes.
const USUAL_EXPONENT: u64 = 65_537;

/// Type, operations and attributes.
pub(super) fn check_claims(claims: &Claims, now: Option<i64>, findings: &mut Findings) {
    match claims.kty.as_deref() {
        Some("RSA-HSM") => {}
        Some(_) => findings.refuse(refusal::SOFTWARE_KTY.into()),
        None => findings.push(unchecked(
            claims,
            "kty-unchecked",
            "that the key is kept in an HSM (kty RSA-HSM)",
        )),
    }
    match claims.key_ops.as_deref() {
        Some([only]) if only == "import" => {}
        Some(_) => findings.refuse(refusal::KEY_OPS.into()),
        None => findings.push(unchecked(
            claims,
            "key-ops-unchecked",
            "that the key may be used for import alone (key_ops)",
        )),
    }
    match claims
        .attributes
        .as_ref()
        .and_then(|attributes| attributes.enabled)
    {
        Some(true) => {}
        Some(false) => findings.refuse(refusal::DISABLED.into()),
        None => findings.push(unchecked(
            claims,
            "enabled-unchecked",
            "that the key is enabled",
        )),
    }
    match &claims.attributes {
        Some(attributes) => check_window(attributes, now, findings),
        None => findings.push(unchecked(
            claims,
            "validity-unchecked",
            "that the key is valid today (nbf, exp)",
        )),
    }
}

/// Whether the service minds an expired KEK is not known, so a window only warns.
fn check_window(attributes: &Attributes, now: Option<i64>, findings: &mut Findings) {
    let moments = [attributes.not_before, attributes.expires];
    if moments == [None, None] {
        return;
    }
    let (Some(now), false) = (now, moments.contains(&Some(Moment::Unreadable))) else {
        findings.push(Finding::unchecked(
            "validity-unchecked",
            "the key has a date (nbf or exp) that could not be compared with today's",
            "Compare the dates in the document yourself.",
        ));
        return;
    };
    if let Some(Moment::At(start)) = attributes.not_before
        && now < start
    {
        findings.push(Finding::warning(
            "kek-not-yet-valid",
            "the key is not valid yet by its not-before date",
            "The vault may refuse the import before that date; check this machine's clock too.",
        ));
    }
    if let Some(Moment::At(end)) = attributes.expires
        && now >= end
    {
        findings.push(Finding::warning(
            "kek-expired",
            "the key has expired",
            "The vault may refuse the import; make a new KEK if it does.",
        ));
    }
}

fn unchecked(claims: &Claims, code: &'static str, what: &str) -> Finding {
    let (message, advice) = if claims.is_json {
        (
            format!("the document does not say {what}"),
            "Load the whole output of `az keyvault key show -o json`.",
        )
    } else {
        (
            format!("{what} cannot be checked from a PEM or DER"),
            "Load `az keyvault key show -o json` in its place.",
        )
    };
    Finding::unchecked(code, message, advice)
}

/// Size, modulus and exponent.
pub(super) fn check_numbers(numbers: &Numbers, findings: &mut Findings) {
    let size = bits(&numbers.modulus);
    match KekBits::from_bits(size) {
        None => findings.refuse(wrong_size(size)),
        Some(KekBits::B4096) => findings.push(Finding::note(
            "kek-sql-tde",
            "SQL transparent data encryption takes keys of 2048 and 3072 bits only",
            "If the key is meant for SQL, move an RSA-2048 or RSA-3072 key, under a KEK of that size.",
        )),
        Some(_) => {}
    }
    if is_even(&numbers.modulus) {
        findings.refuse(refusal::MODULUS_EVEN.into());
    }
    check_exponent(numbers, findings);
}

fn check_exponent(numbers: &Numbers, findings: &mut Findings) {
    let exponent = &numbers.exponent;
    let small = small(exponent);
    if is_even(exponent) {
        findings.refuse(refusal::EXPONENT_EVEN.into());
    } else if small.is_some_and(|value| value < USUAL_EXPONENT) {
        findings.refuse(refusal::EXPONENT_SMALL.into());
    } else if (exponent.len(), exponent) >= (numbers.modulus.len(), &numbers.modulus) {
        findings.refuse(refusal::EXPONENT_LARGE.into());
    } else if small != Some(USUAL_EXPONENT) {
        findings.push(Finding::warning(
            "kek-exponent-unusual",
            "the exponent is not 65537, which Azure gives every key that it makes",
            "Make sure that this KEK was made in your vault; some tokens refuse such a key.",
        ));
    }
}

pub(super) fn wrong_size(bits: u32) -> Error {
    refused(
        "kek-size",
        format!("the key has {bits} bits; a KEK has 2048, 3072 or 4096"),
        "Make a KEK with `--kty RSA-HSM --size 4096 --ops import`.",
    )
}

/// Bits of a big-endian number without leading zeros.
pub(super) fn bits(number: &[u8]) -> u32 {
    let Some(first) = number.first() else {
        return 0;
    };
    // A document has at most 64 KiB, so its numbers' bits fit.
    u32::try_from(number.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(8)
        .saturating_sub(first.leading_zeros())
}

/// The number, when it is at most 2^53 − 1 and so survives every JSON reader.
pub(super) fn small(number: &[u8]) -> Option<u64> {
    if number.len() > 7 {
        return None;
    }
    let value = number
        .iter()
        .fold(0, |value: u64, byte| (value << 8) | u64::from(*byte));
    (value < 1 << 53).then_some(value)
}

/// Zero counts as even.
fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|byte| byte & 1 == 0)
}
