//! The two layouts of an attestation blob. Numbers are big-endian; the signature is the last 256
//! bytes, over all before it.
//!
//! Firmware 2.x: 16 zero bytes, u32 buffer length, one object, zeros.
//! Firmware 3.x: u32 result, flags, total size, buffer size, extra; the objects' handles; then the
//! buffer: u16 version, flags, offset of the first object, offset of the second or 0; the objects.

use super::object::{Object, Read, take, take_u16, take_u32};
use super::refusal::Refusal;
use super::rsa_key::SignatureForm;

/// Largest blob, in bytes; real ones stay below 2,200.
pub(super) const MAX_BLOB: usize = 16 * 1024;
/// Length of the signature: a partition's key has 2048 bits.
const SIGNATURE: usize = 256;
/// A header of three u32 stands before an object's attributes.
const OBJECT_HEADER: usize = 12;
/// Where firmware 3.x puts the first object in its buffer.
const FIRST_OBJECT: u16 = 8;

/// An attestation blob, read to its last byte. Nothing of it is believed before its signature is.
#[derive(Debug)]
pub(super) struct AttestedBlob<'a> {
    pub(super) form: SignatureForm,
    pub(super) signed: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) objects: Vec<Object<'a>>,
}

impl<'a> AttestedBlob<'a> {
    /// Reads either layout, strictly: every byte is accounted for.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_BLOB {
            return Err(Refusal::file(
                "attestation-too-large",
                format!(
                    "a statement of {} bytes; none is larger than {MAX_BLOB}",
                    bytes.len()
                ),
            ));
        }
        let (signed, signature) = bytes
            .len()
            .checked_sub(SIGNATURE)
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or_else(|| layout("it is shorter than its signature"))?;
        let (form, objects) = if signed.starts_with(&[0; 16]) {
            (SignatureForm::BareDigest, vec![firmware_2(signed)?])
        } else {
            (SignatureForm::DigestInfo, firmware_3(signed, bytes.len())?)
        };
        Ok(Self {
            form,
            signed,
            signature,
            objects,
        })
    }
}

fn firmware_2(signed: &[u8]) -> Result<Object<'_>, Refusal> {
    let (_zeros, bytes) = take(signed, 16)?;
    let (buffer, body) = take_u32(bytes)?;
    let (buffer, _) = take(body, buffer)?;
    let Read {
        object,
        stated,
        actual,
        ..
    } = Object::read(buffer)?;
    // The firmware states a little more than it writes; the rest of the buffer is zero.
    if stated.checked_add(OBJECT_HEADER) != Some(buffer.len()) || actual > stated {
        return Err(sizes());
    }
    match body.get(OBJECT_HEADER + actual..) {
        Some(padding) if padding.iter().all(|byte| *byte == 0) => Ok(object),
        _ => Err(Refusal::file(
            "attestation-padding",
            "something other than zeros follows the last attribute",
        )),
    }
}

fn firmware_3(signed: &[u8], length: usize) -> Result<Vec<Object<'_>>, Refusal> {
    let (result, bytes) = take_u32(signed)?;
    let (_flags, bytes) = take_u32(bytes)?;
    let (total, bytes) = take_u32(bytes)?;
    let (buffer, bytes) = take_u32(bytes)?;
    let (_extra, handles) = take_u32(bytes)?;
    if result != 0 {
        return Err(layout("the HSM reports a failure in place of a statement"));
    }
    if usize::try_from(total) != Ok(length) {
        return Err(sizes());
    }
    let handles_length = usize::try_from(buffer)
        .ok()
        .and_then(|buffer| handles.len().checked_sub(buffer))
        .filter(|length| length.is_multiple_of(4) && (4..=12).contains(length))
        .ok_or_else(sizes)?;
    let buffer = handles.get(handles_length..).unwrap_or_default();

    let (version, bytes) = take_u16(buffer)?;
    let (_flags, bytes) = take_u16(bytes)?;
    let (first, bytes) = take_u16(bytes)?;
    let (second, body) = take_u16(bytes)?;
    if version != 1 {
        return Err(layout("it is of a version that is not known"));
    }
    if first != FIRST_OBJECT {
        return Err(layout("its first object does not stand where it has to"));
    }
    let (object, rest) = exact(body)?;
    let end = buffer.len() - rest.len();
    if second == 0 {
        return if rest.is_empty() {
            Ok(vec![object])
        } else {
            Err(sizes())
        };
    }
    if usize::from(second) != end {
        return Err(layout("its second object does not stand where it has to"));
    }
    let (other, rest) = exact(rest)?;
    if !rest.is_empty() {
        return Err(sizes());
    }
    Ok(vec![object, other])
}

/// An object whose stated size is its size.
fn exact(bytes: &[u8]) -> Result<(Object<'_>, &[u8]), Refusal> {
    let read = Object::read(bytes)?;
    if read.stated == read.actual {
        Ok((read.object, read.rest))
    } else {
        Err(sizes())
    }
}

fn sizes() -> Refusal {
    Refusal::file(
        "attestation-size",
        "the lengths that the statement gives do not agree with each other",
    )
}

fn layout(what: &str) -> Refusal {
    Refusal::file(
        "attestation-layout",
        format!("the statement has neither of the known layouts: {what}"),
    )
}
