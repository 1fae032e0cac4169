//! Who may ask: one pure function over the facts of a request, before any route.
//!
//! Each check is exact, byte for byte. Suffix matches, patterns and lists of "development" origins
//! are how other bridges of this shape were broken.

mod facts;
mod refusal;
#[cfg(test)]
mod table;

pub use facts::{RequestFacts, Sent};
pub use refusal::Refusal;

use axum::http::{Method, Uri};

/// What a request was admitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// A file of the page.
    Page,
    /// The exchange of a launch code; the only API route without the secret.
    Launch,
    /// An API route, by someone who knows the secret.
    Api,
}

/// Decides whether a request may reach a route.
pub fn admit(facts: &RequestFacts<'_>) -> Result<Admitted, Refusal> {
    if !facts.peer.to_canonical().is_loopback() {
        return Err(Refusal::PeerNotLoopback);
    }
    // An absolute-form target carries an authority of its own, which would outrank `Host`.
    if facts.uri.scheme().is_some() || facts.uri.authority().is_some() {
        return Err(Refusal::TargetNotOriginForm);
    }
    if facts.host != Sent::Once(facts.authority.host_value().as_bytes()) {
        return Err(Refusal::HostNotAllowed);
    }
    if is_api(facts.uri) {
        admit_api(facts)
    } else {
        admit_page(facts)
    }
}

fn is_api(uri: &Uri) -> bool {
    uri.path() == "/v1" || uri.path().starts_with("/v1/")
}

/// What [`Refusal::MethodNotAllowed`] leaves, for the `Allow` header.
pub(crate) fn methods(uri: &Uri) -> &'static str {
    if is_api(uri) {
        "GET, POST"
    } else {
        "GET, HEAD"
    }
}

/// A navigation carries no `Origin`, and the page's files hold nothing private.
fn admit_page(facts: &RequestFacts<'_>) -> Result<Admitted, Refusal> {
    match *facts.method {
        Method::GET | Method::HEAD => {}
        _ => return Err(Refusal::MethodNotAllowed),
    }
    origin_exact_or_absent(facts)?;
    Ok(Admitted::Page)
}

fn admit_api(facts: &RequestFacts<'_>) -> Result<Admitted, Refusal> {
    // No route takes a query: nothing secret can end up in a history or a log by way of one.
    if facts.uri.query().is_some() {
        return Err(Refusal::QueryNotAllowed);
    }
    let changes_state = match *facts.method {
        Method::GET => false,
        Method::POST => true,
        _ => return Err(Refusal::MethodNotAllowed),
    };
    origin_exact_or_absent(facts)?;
    if changes_state && facts.origin == Sent::Absent {
        return Err(Refusal::OriginMissing);
    }
    match facts.fetch_site {
        Sent::Absent | Sent::Once(b"same-origin") => {}
        _ => return Err(Refusal::CrossSite),
    }
    let admitted = if facts.uri.path() == "/v1/launch" {
        Admitted::Launch
    } else {
        knows_secret(facts)?;
        Admitted::Api
    };
    if changes_state && !is_json(facts.content_type) {
        return Err(Refusal::ContentTypeNotJson);
    }
    Ok(admitted)
}

fn origin_exact_or_absent(facts: &RequestFacts<'_>) -> Result<(), Refusal> {
    let exact = Sent::Once(facts.authority.origin().as_bytes());
    if facts.origin == Sent::Absent || facts.origin == exact {
        Ok(())
    } else {
        Err(Refusal::OriginNotAllowed)
    }
}

fn knows_secret(facts: &RequestFacts<'_>) -> Result<(), Refusal> {
    let value = match facts.authorization {
        Sent::Absent => return Err(Refusal::SecretMissing),
        Sent::Once(value) => value,
        Sent::Repeated => return Err(Refusal::SecretWrong),
    };
    match value.split_at_checked(b"Bearer ".len()) {
        Some((scheme, secret))
            if scheme.eq_ignore_ascii_case(b"Bearer ") && facts.secret.matches(secret) =>
        {
            Ok(())
        }
        _ => Err(Refusal::SecretWrong),
    }
}

/// Only a type that a plain HTML form or a "simple" cross-site request cannot send.
fn is_json(content_type: Sent<'_>) -> bool {
    let Sent::Once(value) = content_type else {
        return false;
    };
    let (kind, charset) = match value.iter().position(|&byte| byte == b';') {
        Some(at) => value.split_at(at),
        None => (value, &b"; charset=utf-8"[..]),
    };
    kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
        && charset
            .strip_prefix(b";")
            .is_some_and(|charset| charset.trim_ascii().eq_ignore_ascii_case(b"charset=utf-8"))
}
