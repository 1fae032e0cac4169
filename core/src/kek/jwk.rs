//! KEKs in JSON: what az, the REST interface and the SDKs write.

use super::document::{Attributes, Claims, Document, Moment, Numbers};
use super::{moment, refusal};
use crate::json::{Json, JsonProblem, Object};
use crate::{Error, base64};

/// Members that only a private or secret key has (RFC 7518 §6.2.2, §6.3.2, §6.4), and the wrapped
/// key that Azure calls `t` and `key_hsm`.
const PRIVATE_MEMBERS: [&str; 10] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "t", "key_hsm"];

/// Reads a JSON document of any known form.
pub(super) fn read(text: &str) -> Result<Document, Error> {
    let outer = match Json::parse(text).map_err(broken)? {
        Json::Object(object) => object,
        Json::List(_) => return Err(refusal::LIST.into()),
        _ => return Err(refusal::UNRECOGNISED.into()),
    };
    if is_private(&outer) {
        return Err(refusal::PRIVATE_KEY.into());
    }
    match outer.get("key") {
        Some(Json::Object(key)) if is_private(key) => Err(refusal::PRIVATE_KEY.into()),
        Some(Json::Object(key)) => document(key, attributes(&outer)?),
        Some(_) => Err(refusal::JSON_FORM.into()),
        None if outer.get("kty").is_some() || outer.get("n").is_some() => document(&outer, None),
        None => Err(other_content(&outer)),
    }
}

fn is_private(object: &Object) -> bool {
    object
        .names()
        .any(|name| PRIVATE_MEMBERS.contains(&name) && object.get(name).is_some())
}

fn document(key: &Object, attributes: Option<Attributes>) -> Result<Document, Error> {
    let kty = text(key, "kty")?;
    match kty {
        Some("EC" | "EC-HSM") => return Err(refusal::EC.into()),
        Some("RSA" | "RSA-HSM") | None => {}
        Some(_) => return Err(refusal::NOT_RSA.into()),
    }
    let (Some(modulus), Some(exponent)) = (text(key, "n")?, text(key, "e")?) else {
        return Err(refusal::NUMBERS_MISSING.into());
    };
    let numbers = Numbers::new(&number(modulus)?, &number(exponent)?);
    let claims = Claims {
        is_json: true,
        kid: text(key, "kid")?.map(str::to_owned),
        kty: kty.map(str::to_owned),
        key_ops: operations(key)?,
        attributes,
    };
    Ok(Document { numbers, claims })
}

/// A number in base64 (az) or base64url (REST, SDKs), with padding or without.
fn number(text: &str) -> Result<Vec<u8>, Error> {
    base64::from_either(text).ok_or_else(|| refusal::NUMBER_ENCODING.into())
}

fn operations(key: &Object) -> Result<Option<Vec<String>>, Error> {
    let list = match one_of(key, "key_ops", "keyOps")? {
        None => return Ok(None),
        Some(Json::List(list)) => list,
        Some(_) => return Err(refusal::JSON_FORM.into()),
    };
    let names = list
        .iter()
        .map(|name| name.as_text().map(str::to_owned))
        .collect::<Option<Vec<_>>>();
    names.map(Some).ok_or_else(|| refusal::JSON_FORM.into())
}

fn attributes(outer: &Object) -> Result<Option<Attributes>, Error> {
    let attributes = match outer.get("attributes") {
        None => return Ok(None),
        Some(Json::Object(attributes)) => attributes,
        Some(_) => return Err(refusal::JSON_FORM.into()),
    };
    let enabled = match attributes.get("enabled") {
        None => None,
        Some(Json::Bool(enabled)) => Some(*enabled),
        Some(_) => return Err(refusal::JSON_FORM.into()),
    };
    Ok(Some(Attributes {
        enabled,
        not_before: one_of(attributes, "nbf", "notBefore")?.map(time),
        expires: one_of(attributes, "exp", "expires")?.map(time),
    }))
}

/// Integers from REST, ISO 8601 from az.
fn time(value: &Json) -> Moment {
    match value {
        Json::Integer(seconds) => Moment::At(*seconds),
        Json::Text(text) => moment::parse(text).map_or(Moment::Unreadable, Moment::At),
        _ => Moment::Unreadable,
    }
}

/// A member that REST and az name differently; both at once would let two readers differ.
fn one_of<'a>(object: &'a Object, rest: &str, az: &str) -> Result<Option<&'a Json>, Error> {
    match (object.get(rest), object.get(az)) {
        (Some(_), Some(_)) => Err(refusal::AMBIGUOUS.into()),
        (one, other) => Ok(one.or(other)),
    }
}

fn text<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, Error> {
    let text = object.get(name).map(Json::as_text);
    text.map(|text| text.ok_or_else(|| refusal::JSON_FORM.into()))
        .transpose()
}

fn broken(problem: JsonProblem) -> Error {
    match problem {
        JsonProblem::Truncated => refusal::TRUNCATED.into(),
        JsonProblem::TrailingData => refusal::TRAILING_DATA.into(),
        JsonProblem::DuplicateMember { line, column } => refusal::refused(
            "kek-json-duplicate",
            format!("a member of the JSON stands twice (line {line}, column {column})"),
            "Load the document as the tool wrote it: with two values, two programs could see two keys.",
        ),
        JsonProblem::Syntax { line, column } => refusal::refused(
            "kek-not-json",
            format!("the JSON is broken at line {line}, column {column}"),
            "Write it again with `az keyvault key show -o json` (not jsonc, not a Python or PowerShell print-out).",
        ),
    }
}

/// Objects that hold no key, by what they are.
fn other_content(outer: &Object) -> Error {
    let has = |name: &str| outer.get_or_null(name).is_some();
    if has("schema_version") || has("ciphertext") {
        refusal::BLOB.into()
    } else if has("cer") || has("x509Thumbprint") || has("x5t") {
        refusal::CERTIFICATE.into()
    } else if has("keys") || has("value") {
        refusal::LIST.into()
    } else if has("attestation")
        || outer
            .get("attributes")
            .and_then(Json::as_object)
            .is_some_and(|inner| inner.get("attestation").is_some())
    {
        refusal::ATTESTATION_ONLY.into()
    } else {
        refusal::UNRECOGNISED.into()
    }
}
