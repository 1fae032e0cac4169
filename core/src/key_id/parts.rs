//! Takes a key identifier apart, without deciding whose host it is.

use super::KidProblem;

/// Longest identifier considered, in bytes.
const MAX_LENGTH: usize = 512;

/// The parts of `https://HOST[:PORT]/keys/NAME[/VERSION]`, host in lower case.
pub(super) struct Parts<'a> {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) key_name: &'a str,
    pub(super) version: Option<&'a str>,
}

/// One trailing line break is what copying from a terminal adds; anything else stays and is refused.
fn without_line_break(text: &str) -> &str {
    match text.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line),
        None => text,
    }
}

pub(super) fn split(text: &str) -> Result<Parts<'_>, KidProblem> {
    let text = without_line_break(text);
    if text.is_empty() {
        return Err(KidProblem::Missing);
    }
    if text.len() > MAX_LENGTH {
        return Err(KidProblem::TooLong);
    }
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'%');
    if !text.bytes().all(allowed) {
        return Err(KidProblem::Characters);
    }
    let (scheme, rest) = text.split_once("://").ok_or(KidProblem::NotHttps)?;
    if !scheme.eq_ignore_ascii_case("https") {
        return Err(KidProblem::NotHttps);
    }
    // In this order, because `@` after `?`, `#` or `/` is no user information.
    let after = rest
        .bytes()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let authority_end = after.unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    if authority.contains('@') {
        return Err(KidProblem::UserInfo);
    }
    if path.contains('#') {
        return Err(KidProblem::Fragment);
    }
    if path.contains('?') {
        return Err(KidProblem::Query);
    }
    let (host, port) = match authority.split_once(':') {
        None => (authority, None),
        Some((host, port)) => (host, Some(decimal(port).ok_or(KidProblem::Port)?)),
    };
    let (key_name, version) = key(path)?;
    Ok(Parts {
        host: host.to_ascii_lowercase(),
        port,
        key_name,
        version,
    })
}

fn key(path: &str) -> Result<(&str, Option<&str>), KidProblem> {
    let mut segments = path.strip_prefix('/').ok_or(KidProblem::Path)?.split('/');
    if !segments
        .next()
        .is_some_and(|segment| segment.eq_ignore_ascii_case("keys"))
    {
        return Err(KidProblem::Path);
    }
    let key_name = segments.next().ok_or(KidProblem::Path)?;
    let version = segments.next();
    if segments.next().is_some() {
        return Err(KidProblem::Path);
    }
    let name_bytes = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(1..=127).contains(&key_name.len()) || !key_name.bytes().all(name_bytes) {
        return Err(KidProblem::KeyName);
    }
    if let Some(version) = version
        && (version.len() != 32 || !version.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(KidProblem::Version);
    }
    Ok((key_name, version))
}

/// A port without sign or leading zeros: one spelling for one port.
fn decimal(port: &str) -> Option<u16> {
    let number: u16 = port.parse().ok()?;
    (number.to_string() == port).then_some(number)
}
