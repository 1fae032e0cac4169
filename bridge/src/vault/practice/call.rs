//! Which of Key Vault's calls a method and a path make: a pure function with a table test.

use super::cause::Cause;
use super::refusal::Refusal;
use super::request::KeyName;
use axum::http::Method;

/// A key's version as it was asked for; none is the newest.
pub(super) type Version = Option<String>;

/// One call of the keys' REST interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    /// `POST /keys/{name}/create`
    Create(KeyName),
    /// `PUT /keys/{name}`
    Import(KeyName),
    /// `GET /keys/{name}[/{version}]`
    Get(KeyName, Version),
    /// `GET /keys`
    List,
    /// `GET /keys/{name}/versions`
    Versions(KeyName),
    /// `PATCH /keys/{name}[/{version}]`
    Update(KeyName, Version),
    /// `DELETE /keys/{name}`
    Delete(KeyName),
    /// `POST /keys/{name}/{version}/{deed}`
    Use(KeyName, Version, Deed),
    /// `GET /deletedkeys`
    ListDeleted,
    /// `GET /deletedkeys/{name}`
    GetDeleted(KeyName),
    /// `POST /deletedkeys/{name}/recover`
    Recover(KeyName),
    /// `DELETE /deletedkeys/{name}`
    Purge(KeyName),
}

/// What a key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Sign,
    Verify,
    Encrypt,
    Decrypt,
    WrapKey,
    UnwrapKey,
}

impl Deed {
    const ALL: [Self; 6] = [
        Self::Sign,
        Self::Verify,
        Self::Encrypt,
        Self::Decrypt,
        Self::WrapKey,
        Self::UnwrapKey,
    ];

    /// Its name in `key_ops`; in a path it stands in lower case.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Verify => "verify",
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::WrapKey => "wrapKey",
            Self::UnwrapKey => "unwrapKey",
        }
    }

    fn of_path(segment: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|deed| deed.name().eq_ignore_ascii_case(segment))
    }
}

impl Call {
    /// Reads a request line; `path` without query. A version left empty means the newest, as the
    /// SDKs send it.
    pub(super) fn parse(method: &Method, path: &str) -> Result<Self, Refusal> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let version = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let name = |text: &str| KeyName::parse(text);
        let call = match (segments.as_slice(), method.as_str()) {
            (["keys" | "deletedkeys"] | ["keys" | "deletedkeys", ""], other) if other != "GET" => {
                return Err(another_method());
            }
            (["keys"] | ["keys", ""], _) => Self::List,
            (["keys", key], "PUT") => Self::Import(name(key)?),
            (["keys", key] | ["keys", key, ""], "GET") => Self::Get(name(key)?, None),
            (["keys", key] | ["keys", key, ""], "PATCH") => Self::Update(name(key)?, None),
            (["keys", key], "DELETE") => Self::Delete(name(key)?),
            (["keys", key, "create"], "POST") => Self::Create(name(key)?),
            (["keys", key, "versions"], "GET") => Self::Versions(name(key)?),
            (["keys", key, at], "GET") => Self::Get(name(key)?, version(at)),
            (["keys", _, _, "attestation"], "GET") => return Err(no_attestation()),
            (["keys", key, at], "PATCH") => Self::Update(name(key)?, version(at)),
            (["keys", key, at, deed], "POST") => {
                let deed = Deed::of_path(deed).ok_or_else(no_path)?;
                Self::Use(name(key)?, version(at), deed)
            }
            (["deletedkeys"] | ["deletedkeys", ""], _) => Self::ListDeleted,
            (["deletedkeys", key], "GET") => Self::GetDeleted(name(key)?),
            (["deletedkeys", key], "DELETE") => Self::Purge(name(key)?),
            (["deletedkeys", key, "recover"], "POST") => Self::Recover(name(key)?),
            (["keys", _] | ["keys", _, _] | ["deletedkeys", _], _) => return Err(another_method()),
            _ => return Err(no_path()),
        };
        Ok(call)
    }
}

fn another_method() -> Refusal {
    Refusal::new(Cause::Method, "This path takes another method.")
}

/// There is no hardware behind a practice vault that could sign a statement about a key.
fn no_attestation() -> Refusal {
    Refusal::new(
        Cause::PathNotFound,
        "A practice vault attests no key: an attestation is signed by a Managed HSM's hardware.",
    )
}

fn no_path() -> Refusal {
    Refusal::new(Cause::PathNotFound, "The practice vault has no such path.")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn call(line: &str) -> Result<Call, Cause> {
        let (method, path) = line.split_once(' ').unwrap();
        Call::parse(&method.parse().unwrap(), path).map_err(|refusal| refusal.cause())
    }

    #[test]
    fn every_call_is_known_by_its_method_and_path() {
        let k = || KeyName::parse("k").unwrap();
        let v = || Some("v1".to_owned());
        for (line, expected) in [
            ("GET /keys", Call::List),
            ("GET /keys/", Call::List),
            ("PUT /keys/k", Call::Import(k())),
            ("GET /keys/k", Call::Get(k(), None)),
            ("GET /keys/k/", Call::Get(k(), None)),
            ("GET /keys/k/v1", Call::Get(k(), v())),
            ("PATCH /keys/k", Call::Update(k(), None)),
            ("PATCH /keys/k/", Call::Update(k(), None)),
            ("PATCH /keys/k/v1", Call::Update(k(), v())),
            ("DELETE /keys/k", Call::Delete(k())),
            ("POST /keys/k/create", Call::Create(k())),
            ("GET /keys/k/versions", Call::Versions(k())),
            ("POST /keys/k/v1/sign", Call::Use(k(), v(), Deed::Sign)),
            ("POST /keys/k//sign", Call::Use(k(), None, Deed::Sign)),
            ("POST /keys/k/v1/verify", Call::Use(k(), v(), Deed::Verify)),
            (
                "POST /keys/k/v1/encrypt",
                Call::Use(k(), v(), Deed::Encrypt),
            ),
            (
                "POST /keys/k/v1/decrypt",
                Call::Use(k(), v(), Deed::Decrypt),
            ),
            (
                "POST /keys/k/v1/wrapkey",
                Call::Use(k(), v(), Deed::WrapKey),
            ),
            (
                "POST /keys/k/v1/unwrapkey",
                Call::Use(k(), v(), Deed::UnwrapKey),
            ),
            ("GET /deletedkeys", Call::ListDeleted),
            ("GET /deletedkeys/k", Call::GetDeleted(k())),
            ("DELETE /deletedkeys/k", Call::Purge(k())),
            ("POST /deletedkeys/k/recover", Call::Recover(k())),
        ] {
            assert_eq!(call(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_call_is_refused_by_its_cause() {
        for (line, expected) in [
            ("POST /keys", Cause::Method),
            ("DELETE /deletedkeys", Cause::Method),
            ("POST /keys/k", Cause::Method),
            ("DELETE /keys/k/v1", Cause::Method),
            ("POST /deletedkeys/k", Cause::Method),
            ("POST /keys/k/v1/release", Cause::PathNotFound),
            ("GET /keys/k/v1/attestation", Cause::PathNotFound),
            ("GET /keys/k//attestation", Cause::PathNotFound),
            ("GET /secrets/k", Cause::PathNotFound),
            ("GET /", Cause::PathNotFound),
            ("GET /keys/k/v1/sign", Cause::PathNotFound),
            ("GET /keys/k_k", Cause::KeyName),
        ] {
            assert_eq!(call(line), Err(expected), "{line}");
        }
    }
}
