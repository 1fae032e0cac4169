//! From bytes to what a document says, whatever its form.

use super::examine::MAX_KEK_DOCUMENT;
use super::{der, jwk, pem, refusal};
use crate::Error;
use std::borrow::Cow;

/// What a document says.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) numbers: Numbers,
    pub(super) claims: Claims,
}

/// The public key, big-endian, without leading zeros (Azure returns 65537 as `AAEAAQ`).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) modulus: Vec<u8>,
    pub(super) exponent: Vec<u8>,
}

impl Numbers {
    pub(super) fn new(modulus: &[u8], exponent: &[u8]) -> Self {
        Self {
            modulus: without_leading_zeros(modulus),
            exponent: without_leading_zeros(exponent),
        }
    }
}

/// What is said about the key besides its numbers. PEM and DER say nothing.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// True when the form has room for claims at all.
    pub(super) is_json: bool,
    pub(super) kid: Option<String>,
    pub(super) kty: Option<String>,
    pub(super) key_ops: Option<Vec<String>>,
    pub(super) attributes: Option<Attributes>,
}

/// The key's attributes.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) enabled: Option<bool>,
    pub(super) not_before: Option<Moment>,
    pub(super) expires: Option<Moment>,
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Seconds since 1970.
    At(i64),
    /// Something is said that is no time in any known form.
    Unreadable,
}

pub(super) fn read(bytes: &[u8]) -> Result<Document, Error> {
    if bytes.len() > MAX_KEK_DOCUMENT {
        return Err(refusal::TOO_LARGE.into());
    }
    if bytes.is_empty() {
        return Err(refusal::EMPTY.into());
    }
    if der::is_whole_sequence(bytes) {
        return Ok(bare(der::public_key(bytes)?));
    }
    read_text(&text(bytes)?)
}

fn read_text(text: &str) -> Result<Document, Error> {
    let trimmed = text.trim();
    if trimmed.is_empty() && !text.contains('\t') {
        return Err(refusal::EMPTY.into());
    }
    if trimmed.starts_with(['{', '[']) {
        return jwk::read(trimmed);
    }
    if trimmed.contains("-----BEGIN ") {
        return pem::read(trimmed).map(bare);
    }
    Err(unrecognised(text))
}

fn bare(numbers: Numbers) -> Document {
    Document {
        numbers,
        claims: Claims::default(),
    }
}

/// Names the usual mistakes.
fn unrecognised(text: &str) -> Error {
    let trimmed = text.trim();
    let yaml_line = |line: &str| {
        ["key:", "attributes:", "kty:", "kid:"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    if trimmed.contains("!!binary") || trimmed.lines().any(yaml_line) {
        refusal::YAML.into()
    } else if trimmed.starts_with("ssh-")
        || trimmed.starts_with("ecdsa-sha2-")
        || trimmed.starts_with("---- BEGIN SSH2")
    {
        refusal::SSH.into()
    } else if trimmed
        .get(..8)
        .is_some_and(|start| start.eq_ignore_ascii_case("https://"))
        && !trimmed.contains(char::is_whitespace)
    {
        refusal::ONLY_KID.into()
    } else if text.contains('\t') {
        refusal::TSV.into()
    } else {
        refusal::UNRECOGNISED.into()
    }
}

/// UTF-8 with or without BOM; UTF-16 with BOM, as Windows PowerShell writes when it redirects.
fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        [0, b'{' | b'-', ..] | [b'{' | b'-', 0, ..] => Err(refusal::ENCODING.into()),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text = str::from_utf8(bytes).map_err(|_| refusal::BINARY)?;
            if text.contains('\0') {
                Err(refusal::BINARY.into())
            } else {
                Ok(Cow::Borrowed(text))
            }
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(refusal::ENCODING.into());
    }
    let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
    String::from_utf16(&units).map_err(|_| refusal::ENCODING.into())
}

fn without_leading_zeros(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default().to_vec()
}
