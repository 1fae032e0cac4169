//! PKCS#8 `PrivateKeyInfo` (RFC 5208 §5), strictly.

use super::{Key, ec_key, rsa_key};
use crate::vault::practice::cause::Cause;
use crate::vault::practice::opened::Quirk;
use crate::vault::practice::refusal::Refusal;
use crate::vault::spki::{EC_PUBLIC_KEY, RSA_ENCRYPTION};
use der::{Decode, Encode, Header, Reader, SliceReader, Tag};
use pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

/// Padding to a multiple of eight adds at most this many bytes.
const MAX_PADDING: usize = 7;

/// Reads an RSA or EC key.
pub(super) fn read(plaintext: &[u8]) -> Result<Key, Refusal> {
    let (der, zeros) = split_padding(plaintext)?;
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| not_pkcs8(der))?;
    // RFC 5958's public key, attributes and extensions are not in RFC 5208 as the specification
    // uses it; writing the parsed key again shows them all, and any laxness of the parser too.
    let again = info
        .to_der()
        .map(Zeroizing::new)
        .map_err(|_| not_pkcs8(der))?;
    if info.public_key.is_some() || again.as_slice() != der {
        return Err(Refusal::new(
            Cause::Pkcs8,
            "The PKCS#8 carries more than version, algorithm and private key, or is not plain DER.",
        ));
    }
    let inner = info.private_key.as_bytes();
    let mut key = match info.algorithm.oid {
        RSA_ENCRYPTION => rsa_key::read(inner),
        EC_PUBLIC_KEY => ec_key::read(info.algorithm.parameters, inner),
        other => Err(Refusal::new(
            Cause::Pkcs8,
            format!("The PKCS#8 names the algorithm {other}: not RSA, not EC."),
        )),
    }?;
    if zeros > 0 {
        key.quirks.push(Quirk::TrailingZeros(zeros));
    }
    Ok(key)
}

/// The DER, and the number of zero bytes that follow it.
fn split_padding(plaintext: &[u8]) -> Result<(&[u8], usize), Refusal> {
    let (der, rest) = outer_length(plaintext)
        .and_then(|length| plaintext.split_at_checked(length))
        .ok_or_else(|| {
            Refusal::new(
                Cause::Pkcs8,
                "The blob holds no PKCS#8: it does not begin with one whole SEQUENCE.",
            )
        })?;
    if rest.len() > MAX_PADDING || rest.iter().any(|byte| *byte != 0) {
        return Err(Refusal::new(
            Cause::TrailingBytes,
            format!("{} bytes follow the PKCS#8.", rest.len()),
        ));
    }
    Ok((der, rest.len()))
}

/// Bytes of the first SEQUENCE, header included.
fn outer_length(plaintext: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(plaintext).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    let start = usize::try_from(reader.position()).ok()?;
    let inner = usize::try_from(header.length()).ok()?;
    if header.tag() == Tag::Sequence {
        start.checked_add(inner)
    } else {
        None
    }
}

/// Names the two encodings that people wrap by mistake.
fn not_pkcs8(der: &[u8]) -> Refusal {
    if pkcs1::RsaPrivateKeyRef::from_der(der).is_ok() {
        Refusal::new(
            Cause::Pkcs1,
            "The blob holds a PKCS#1 RSAPrivateKey, not PKCS#8.",
        )
    } else if sec1::EcPrivateKey::from_der(der).is_ok() {
        Refusal::new(
            Cause::Sec1,
            "The blob holds a bare ECPrivateKey (SEC 1), not PKCS#8.",
        )
    } else {
        Refusal::new(Cause::Pkcs8, "The blob holds no PKCS#8 PrivateKeyInfo.")
    }
}
