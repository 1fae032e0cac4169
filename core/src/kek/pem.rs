//! Public keys in PEM (RFC 7468), and what else comes in PEM.

use super::document::Numbers;
use super::{der, refusal};
use crate::Error;
use crate::base64::from_base64;

/// Reads a document that is one PEM block and nothing else.
pub(super) fn read(text: &str) -> Result<Numbers, Error> {
    // First of all, so that a private key is named as one wherever it stands and however damaged.
    if text.contains("PRIVATE KEY") {
        return Err(refusal::PRIVATE_KEY.into());
    }
    if text.contains("-----BEGIN CERTIFICATE") || text.contains("-----BEGIN NEW CERTIFICATE") {
        return Err(refusal::CERTIFICATE.into());
    }
    if text.contains("-----BEGIN EC PARAMETERS") {
        return Err(refusal::EC.into());
    }
    if text.matches("-----BEGIN ").count() > 1 {
        return Err(refusal::SEVERAL.into());
    }
    let (label, body) = block(text).ok_or(refusal::PEM_FORM)?;
    let der = decode(body).ok_or(refusal::PEM_FORM)?;
    match label {
        "PUBLIC KEY" => der::subject_public_key_info(&der),
        "RSA PUBLIC KEY" => der::rsa_public_key(&der),
        _ => Err(refusal::PEM_FORM.into()),
    }
}

/// Label and body of the one block that the text is.
fn block(text: &str) -> Option<(&str, &str)> {
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let (body, end) = rest.split_once("-----END ")?;
    (end.strip_suffix("-----")? == label).then_some((label, body))
}

/// Base64 in lines of any length.
fn decode(body: &str) -> Option<Vec<u8>> {
    let joined: String = body.split_ascii_whitespace().collect();
    from_base64(&joined)
}
