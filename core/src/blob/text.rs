//! From a file's bytes to its JSON, naming what else it may be.

use super::MAX_BLOB;
use super::refusal::{self, refused};
use crate::Error;
use crate::finding::{Finding, Findings};
use crate::json::{Json, JsonProblem, Object};

/// The JSON object of a file; what is odd about its text goes to `findings`.
pub(super) fn object(bytes: &[u8], findings: &mut Findings) -> Result<Object, Error> {
    let text = text(bytes)?;
    let text = match text.strip_prefix('\u{feff}') {
        None => text,
        Some(rest) => {
            findings.push(Finding::warning(
                "blob-bom",
                "the file begins with a byte order mark",
                "Azure may refuse it: save the file as UTF-8 without BOM.",
            ));
            rest
        }
    };
    // One byte is looked for faster than two, and hardly any file has it.
    if text.contains('\r') && text.contains("\r\n") {
        findings.push(Finding::warning(
            "blob-crlf",
            "the file has Windows line ends",
            "Azure should not mind. If it does, make the file again without them.",
        ));
    }
    match Json::parse(text) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(refusal::NOT_OBJECT.into()),
        Err(problem) => Err(broken(text.trim(), problem)),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    if bytes.len() > MAX_BLOB {
        return Err(refusal::TOO_LARGE.into());
    }
    if bytes.trim_ascii().is_empty() {
        return Err(refusal::EMPTY.into());
    }
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{', 0, ..] | [0, b'{', ..] => {
            return Err(refusal::ENCODING.into());
        }
        _ => {}
    }
    let text = str::from_utf8(bytes).map_err(|_| refusal::LEGACY)?;
    if text.contains('\0') {
        Err(refusal::LEGACY.into())
    } else {
        Ok(text)
    }
}

fn broken(text: &str, problem: JsonProblem) -> Error {
    // Told by its first character: words and bare ciphertexts may begin like a JSON number.
    let begins_as_json = text.starts_with(['{', '[', '"']);
    match problem {
        JsonProblem::DuplicateMember { line, column } => refused(
            "blob-duplicate-member",
            format!("a member stands twice (line {line}, column {column})"),
            "Do not import the file: two readers may see two different KEKs. Make it again.",
        ),
        _ if is_compact_jwe(text) => refusal::COMPACT_JWE.into(),
        _ if !begins_as_json => refusal::NOT_JSON.into(),
        _ if is_single_quoted(text) => refusal::SINGLE_QUOTES.into(),
        JsonProblem::Truncated => refusal::TRUNCATED.into(),
        JsonProblem::TrailingData => refusal::TRAILING_DATA.into(),
        JsonProblem::Syntax { line, column } => refused(
            "blob-not-json",
            format!("the JSON is broken at line {line}, column {column}"),
            "Make the file again; do not edit it by hand.",
        ),
    }
}

fn is_single_quoted(text: &str) -> bool {
    text.strip_prefix('{')
        .is_some_and(|inner| inner.trim_start().starts_with('\''))
}

/// Five base64url parts between dots (RFC 7516 §7.1).
fn is_compact_jwe(text: &str) -> bool {
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.split('.').count() == 5 && text.split('.').all(|part| part.bytes().all(base64url))
}
