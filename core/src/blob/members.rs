//! The members of a blob, each judged by itself.

use super::ciphertext_text;
use super::refusal::{self, refused};
use crate::finding::{Finding, Findings};
use crate::json::{Json, Object};
use crate::{Admission, Error, Kid, visible};

/// The members of a blob, as far as each could be taken.
#[derive(Default)]
pub(super) struct Members {
    pub(super) kid: Option<Kid>,
    pub(super) ciphertext: Option<Vec<u8>>,
    pub(super) generator: Option<String>,
}

/// Takes every member, and says what is wrong with those that could not be taken.
pub(super) fn members(object: &Object, admission: &Admission, findings: &mut Findings) -> Members {
    if object.get("schema_version").is_none()
        && (object.get("key").is_some() || object.get("kty").is_some())
    {
        findings.refuse(refusal::IS_KEK.into());
        return Members::default();
    }
    expect(
        object,
        "schema_version",
        "schema_version",
        |text| text == "1.0.0",
        refusal::SCHEMA_VERSION,
        findings,
    );
    let mut kid = None;
    if let Some(header) = header(object, findings) {
        expect(
            header,
            "alg",
            "header.alg",
            |text| text == "dir",
            refusal::ALG,
            findings,
        );
        let enc = header
            .get("enc")
            .and_then(Json::as_text)
            .unwrap_or_default();
        let wrong_enc = if enc.ends_with("_PAD") {
            refusal::ENC_PAD
        } else {
            refusal::ENC
        };
        expect(
            header,
            "enc",
            "header.enc",
            |text| text == "CKM_RSA_AES_KEY_WRAP",
            wrong_enc,
            findings,
        );
        kid = member(header, "kid", "header.kid", findings)
            .and_then(|text| findings.take(Kid::parse(text, admission)));
        warn_unknown(header, &["kid", "alg", "enc"], "header.", findings);
    }
    if let Some(kid) = &kid {
        findings.list.extend(kid.findings());
    }
    let ciphertext = member(object, "ciphertext", "ciphertext", findings).and_then(|text| {
        let decoded = ciphertext_text::decode(text, findings);
        findings.take(decoded)
    });
    let generator = generator(object, findings);
    warn_unknown(
        object,
        &["schema_version", "header", "ciphertext", "generator"],
        "",
        findings,
    );
    Members {
        kid,
        ciphertext,
        generator,
    }
}

fn header<'a>(object: &'a Object, findings: &mut Findings) -> Option<&'a Object> {
    let header = object.get("header").and_then(Json::as_object);
    if header.is_none() {
        findings.refuse(missing("header"));
    }
    header
}

/// A member that must be a string.
fn member<'a>(
    object: &'a Object,
    name: &str,
    path: &str,
    findings: &mut Findings,
) -> Option<&'a str> {
    let text = object.get(name).and_then(Json::as_text);
    if text.is_none() {
        findings.refuse(missing(path));
    }
    text
}

fn expect(
    object: &Object,
    name: &str,
    path: &str,
    is_right: fn(&str) -> bool,
    wrong: refusal::Refusal,
    findings: &mut Findings,
) {
    if let Some(text) = member(object, name, path, findings)
        && !is_right(text)
    {
        findings.refuse(wrong.into());
    }
}

fn missing(path: &str) -> Error {
    refused(
        "blob-member",
        format!("{path} is missing or of the wrong type"),
        "Make the file again with the HSM's tool, or with Keyferry.",
    )
}

fn generator(object: &Object, findings: &mut Findings) -> Option<String> {
    match object.get_or_null("generator") {
        Some(Json::Text(text)) => return Some(text.clone()),
        Some(_) => findings.refuse(missing("generator")),
        None => findings.push(Finding::warning(
            "generator-missing",
            "the file does not say what made it",
            "Azure does not need it; whoever keeps the file may.",
        )),
    }
    None
}

fn warn_unknown(object: &Object, known: &[&str], path: &str, findings: &mut Findings) {
    if let Some(name) = object.names().find(|name| !known.contains(name)) {
        findings.push(Finding::warning(
            "blob-unknown-member",
            format!(
                "the file has members that the specification does not name, such as {path}{}",
                visible(name)
            ),
            "Azure is expected to ignore them; find out why the tool writes them.",
        ));
    }
}
