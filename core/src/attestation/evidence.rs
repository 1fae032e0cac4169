//! The file that `az keyvault key get-attestation` writes, or a part of it.

use super::bundle::MAX_BUNDLE;
use super::layout::MAX_BLOB;
use super::refusal::Refusal;
use crate::base64::from_either;
use crate::json::{Json, Object};

/// Largest attestation file, in bytes; real ones stay below 30,000.
pub const MAX_ATTESTATION: usize = 256 * 1024;
/// The one version there is.
const VERSION: &str = "MRVL-1";

/// What the file holds, decoded and not yet believed.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) certificates: Vec<u8>,
    pub(super) private: Vec<u8>,
    pub(super) public: Vec<u8>,
}

/// What a file can be without being damaged.
pub(super) enum Read {
    Evidence(Evidence),
    /// A key bundle without an attestation, as every vault gives it that has none.
    NotAvailable,
}

/// Reads the whole bundle, its `attributes`, or the `attestation` alone.
pub(super) fn read(document: &[u8]) -> Result<Read, Refusal> {
    if document.len() > MAX_ATTESTATION {
        return Err(Refusal::file(
            "attestation-too-large",
            format!(
                "the file has {} bytes; more than {MAX_ATTESTATION} are not read",
                document.len()
            ),
        ));
    }
    let text = core::str::from_utf8(document).map_err(|_| form("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Ok(Json::Object(outer)) = Json::parse(text) else {
        return Err(form(
            "it is not one JSON object, or a member stands twice in it",
        ));
    };
    let Some(attestation) = attestation(&outer)? else {
        return Ok(Read::NotAvailable);
    };
    match attestation.get("version").and_then(Json::as_text) {
        Some(VERSION) => {}
        _ => {
            return Err(Refusal::file(
                "attestation-version",
                format!("the attestation is not of version {VERSION}, the one that is known"),
            ));
        }
    }
    Ok(Read::Evidence(Evidence {
        certificates: bytes(attestation, "certificatePemFile", MAX_BUNDLE)?,
        private: bytes(attestation, "privateKeyAttestation", MAX_BLOB)?,
        public: bytes(attestation, "publicKeyAttestation", MAX_BLOB)?,
    }))
}

/// The object that holds the attestation. None where a key bundle has none.
fn attestation(outer: &Object) -> Result<Option<&Object>, Refusal> {
    let member = |object: &'_ Object, name: &str| match object.get_or_null(name) {
        None | Some(Json::Null) => Ok(false),
        Some(Json::Object(_)) => Ok(true),
        Some(_) => Err(form(&format!("`{name}` is not an object"))),
    };
    if member(outer, "attributes")? {
        let attributes = outer.get("attributes").and_then(Json::as_object);
        return match attributes {
            Some(attributes) if member(attributes, "attestation")? => {
                Ok(attributes.get("attestation").and_then(Json::as_object))
            }
            _ => Ok(None),
        };
    }
    if member(outer, "attestation")? {
        return Ok(outer.get("attestation").and_then(Json::as_object));
    }
    if outer.get("privateKeyAttestation").is_some() || outer.get("certificatePemFile").is_some() {
        return Ok(Some(outer));
    }
    if outer.get("key").is_some() || outer.get("kty").is_some() || outer.get("enabled").is_some() {
        return Ok(None);
    }
    Err(form("it has no member `attestation`"))
}

/// Base64url without padding, as the service writes it; az's base64 and padding are taken too.
fn bytes(object: &Object, name: &'static str, most: usize) -> Result<Vec<u8>, Refusal> {
    let text = object.get(name).and_then(Json::as_text).ok_or_else(|| {
        Refusal::file(
            "attestation-incomplete",
            format!("the attestation has no `{name}`"),
        )
    })?;
    // Four characters carry three bytes: looked at before anything is decoded.
    if text.len() / 4 * 3 > most + 3 {
        return Err(Refusal::file(
            "attestation-too-large",
            format!(
                "`{name}` has {} characters; it may hold {most} bytes",
                text.len()
            ),
        ));
    }
    from_either(text.trim_end_matches('='))
        .ok_or_else(|| Refusal::file("attestation-encoding", format!("`{name}` is not base64url")))
}

fn form(why: &str) -> Refusal {
    Refusal::file(
        "attestation-form",
        format!("the file is no attestation: {why}"),
    )
    .advising("Load what `az keyvault key get-attestation --hsm-name HSM --name KEK --file attestation.json` writes (az 2.73 or newer).")
}
