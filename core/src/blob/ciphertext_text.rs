//! The ciphertext member: base64url, and the other things that tools write in its place.

use super::refusal;
use crate::Error;
use crate::finding::{Finding, Findings};
use base64ct::{Base64UrlUnpadded, Encoding};

/// Decodes the member; padding is taken with a warning.
pub(super) fn decode(text: &str, findings: &mut Findings) -> Result<Vec<u8>, Error> {
    if text.contains("BASE64URL(") {
        return Err(refusal::CIPHERTEXT_PLACEHOLDER.into());
    }
    if text.contains(char::is_whitespace) {
        return Err(refusal::CIPHERTEXT_LINES.into());
    }
    // Hundreds of random base64url characters are never all hexadecimal digits.
    if text.len() >= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refusal::CIPHERTEXT_HEX.into());
    }
    if text.contains(['+', '/']) {
        return Err(refusal::CIPHERTEXT_STANDARD.into());
    }
    let bare = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    let is_padded = bare.len() != text.len();
    if is_padded && !text.len().is_multiple_of(4) {
        return Err(refusal::CIPHERTEXT_BROKEN.into());
    }
    let bytes = Base64UrlUnpadded::decode_vec(bare).map_err(|_| refusal::CIPHERTEXT_BROKEN)?;
    if is_padded {
        findings.push(Finding::warning(
            "ciphertext-padding",
            "the ciphertext is padded with `=`, against the specification",
            "Azure has taken such files from at least one vendor's tool. If it refuses this one, remove the `=`.",
        ));
    }
    Ok(bytes)
}
