//! The ciphertext member: base64url, and the other things that tools write in its place.

use super::refusal::{self, Refusal};
use crate::finding::{Finding, Findings};
use crate::{Error, base64};

/// Decodes the member; padding is taken with a warning.
pub(super) fn decode(text: &str, findings: &mut Findings) -> Result<Vec<u8>, Error> {
    // Hundreds of random base64url characters are never all hexadecimal digits.
    if text.len() >= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refusal::CIPHERTEXT_HEX.into());
    }
    let bare = base64::without_padding(text);
    let bytes = bare
        .and_then(base64::from_base64url)
        .ok_or_else(|| mistake(text))?;
    let is_padded = bare.is_some_and(|bare| bare.len() != text.len());
    if is_padded {
        findings.push(Finding::warning(
            "ciphertext-padding",
            "the ciphertext is padded with `=`, against the specification",
            "Azure has taken such files from at least one vendor's tool. If it refuses this one, remove the `=`.",
        ));
    }
    Ok(bytes)
}

/// What was written in the place of base64url.
fn mistake(text: &str) -> Refusal {
    if text.contains("BASE64URL(") {
        refusal::CIPHERTEXT_PLACEHOLDER
    } else if text.contains(char::is_whitespace) {
        refusal::CIPHERTEXT_LINES
    } else if text.contains(['+', '/']) {
        refusal::CIPHERTEXT_STANDARD
    } else {
        refusal::CIPHERTEXT_BROKEN
    }
}
