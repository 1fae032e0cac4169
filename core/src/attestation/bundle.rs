//! The certificates that come with an attestation: PEM blocks, one after the other (RFC 7468).

use super::certificate::Certificate;
use super::refusal::Refusal;
use crate::base64::from_base64;

/// Largest bundle, in bytes; the real one has 5,336.
pub(super) const MAX_BUNDLE: usize = 64 * 1024;
/// Most certificates; real bundles have four.
const MAX_CERTIFICATES: usize = 16;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Reads every certificate. Text between the blocks is passed over, as other readers do; another kind of
/// block is refused.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, Refusal> {
    if pem.len() > MAX_BUNDLE {
        return Err(Refusal::file(
            "certificates-too-large",
            format!(
                "{} bytes of certificates; more than {MAX_BUNDLE} are not read",
                pem.len()
            ),
        ));
    }
    let text = core::str::from_utf8(pem).map_err(|_| form())?;
    if text.matches("-----BEGIN ").count() != text.matches(BEGIN).count() {
        return Err(form());
    }
    if text.matches(BEGIN).count() > MAX_CERTIFICATES {
        return Err(Refusal::file(
            "certificates-too-many",
            format!("more than {MAX_CERTIFICATES} certificates"),
        ));
    }
    let certificates = text
        .split(BEGIN)
        .skip(1)
        .map(|block| {
            let (body, _) = block.split_once(END).ok_or_else(form)?;
            let joined: String = body.split_ascii_whitespace().collect();
            Certificate::read(&from_base64(&joined).ok_or_else(form)?)
        })
        .collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() {
        return Err(form());
    }
    Ok(certificates)
}

fn form() -> Refusal {
    Refusal::file(
        "certificates-form",
        "the attestation's certificates are not PEM blocks of certificates",
    )
}
