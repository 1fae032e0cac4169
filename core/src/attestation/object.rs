//! One key object of an attestation blob: its attributes, as the HSM's firmware writes them.

use super::refusal::Refusal;

/// Attribute types that are looked at. Every other one is kept out of the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Kind {
    Class = 0x0000,
    KeyType = 0x0100,
    Id = 0x0102,
    Sensitive = 0x0103,
    Modulus = 0x0120,
    ModulusBits = 0x0121,
    PublicExponent = 0x0122,
    Extractable = 0x0162,
    Local = 0x0163,
    NeverExtractable = 0x0164,
    AlwaysSensitive = 0x0165,
}

impl Kind {
    /// Name as in PKCS#11, for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Class => "CLASS",
            Self::KeyType => "KEY_TYPE",
            Self::Id => "ID",
            Self::Sensitive => "SENSITIVE",
            Self::Modulus => "MODULUS",
            Self::ModulusBits => "MODULUS_BITS",
            Self::PublicExponent => "PUBLIC_EXPONENT",
            Self::Extractable => "EXTRACTABLE",
            Self::Local => "LOCAL",
            Self::NeverExtractable => "NEVER_EXTRACTABLE",
            Self::AlwaysSensitive => "ALWAYS_SENSITIVE",
        }
    }
}

/// CLASS of a public key.
pub(super) const PUBLIC: u8 = 2;
/// CLASS of a private key.
pub(super) const PRIVATE: u8 = 3;
/// KEY_TYPE of RSA.
pub(super) const RSA: u8 = 0;

/// More attributes than firmware writes (45 seen); a larger count is a lie about the size.
const MAX_ATTRIBUTES: u32 = 256;

/// An object: pairs of type and value, no type twice.
#[derive(Debug)]
pub(super) struct Object<'a> {
    attributes: Vec<(u32, &'a [u8])>,
}

/// An object and what came with it.
pub(super) struct Read<'a> {
    pub(super) object: Object<'a>,
    /// Length that the header states for the attributes.
    pub(super) stated: usize,
    /// Length that they have.
    pub(super) actual: usize,
    /// What follows the last attribute.
    pub(super) rest: &'a [u8],
}

impl<'a> Object<'a> {
    /// Reads a header (u32 handle, u32 count, u32 size) and `count` attributes (u32 type, u32 length, value).
    pub(super) fn read(bytes: &'a [u8]) -> Result<Read<'a>, Refusal> {
        let (_handle, bytes) = take_u32(bytes)?;
        let (count, bytes) = take_u32(bytes)?;
        let (stated, body) = take_u32(bytes)?;
        if count > MAX_ATTRIBUTES {
            return Err(Refusal::file(
                "attestation-count",
                format!(
                    "an object claims {count} attributes; firmware writes fewer than {MAX_ATTRIBUTES}"
                ),
            ));
        }
        let mut attributes: Vec<(u32, &[u8])> = Vec::new();
        let mut rest = body;
        for _ in 0..count {
            let (kind, bytes) = take_u32(rest)?;
            let (length, bytes) = take_u32(bytes)?;
            let (value, bytes) = take(bytes, length)?;
            if attributes.iter().any(|(seen, _)| *seen == kind) {
                return Err(Refusal::file(
                    "attestation-attribute-twice",
                    format!(
                        "the attribute 0x{kind:04X} stands twice in one object, so that two readers could see two values"
                    ),
                ));
            }
            attributes.push((kind, value));
            rest = bytes;
        }
        Ok(Read {
            object: Self { attributes },
            stated: usize::try_from(stated).unwrap_or(usize::MAX),
            actual: body.len() - rest.len(),
            rest,
        })
    }

    /// The attribute's value, if it is there.
    pub(super) fn get(&self, kind: Kind) -> Option<&'a [u8]> {
        self.attributes
            .iter()
            .find(|(seen, _)| *seen == kind as u32)
            .map(|(_, value)| *value)
    }

    /// An attribute of one byte; none also when it has another length.
    pub(super) fn byte(&self, kind: Kind) -> Option<u8> {
        match self.get(kind) {
            Some([byte]) => Some(*byte),
            _ => None,
        }
    }
}

/// A big-endian u32 and what follows it.
pub(super) fn take_u32(bytes: &[u8]) -> Result<(u32, &[u8]), Refusal> {
    let (head, rest) = bytes.split_first_chunk().ok_or_else(truncated)?;
    Ok((u32::from_be_bytes(*head), rest))
}

/// A big-endian u16 and what follows it.
pub(super) fn take_u16(bytes: &[u8]) -> Result<(u16, &[u8]), Refusal> {
    let (head, rest) = bytes.split_first_chunk().ok_or_else(truncated)?;
    Ok((u16::from_be_bytes(*head), rest))
}

/// `length` bytes and what follows them.
pub(super) fn take(bytes: &[u8], length: u32) -> Result<(&[u8], &[u8]), Refusal> {
    usize::try_from(length)
        .ok()
        .and_then(|length| bytes.split_at_checked(length))
        .ok_or_else(truncated)
}

fn truncated() -> Refusal {
    Refusal::file(
        "attestation-truncated",
        "the attestation ends before what its own lengths promise",
    )
}
