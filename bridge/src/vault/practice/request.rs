//! What the practice vault is asked: bodies as Key Vault's REST documentation gives them.

use super::call::Deed;
use super::cause::Cause;
use super::refusal::Refusal;
use keyferry_core::{Family, KeyOperation};
use serde::Deserialize;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// The limit that Azure documents.
const MAX_TAGS: usize = 15;

/// A key's name: 1 to 127 of `[0-9A-Za-z-]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyName(String);

impl KeyName {
    pub(super) fn parse(name: &str) -> Result<Self, Refusal> {
        let known = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if known && (1..=127).contains(&name.len()) {
            Ok(Self(name.to_owned()))
        } else {
            Err(Refusal::new(
                Cause::KeyName,
                "The request URI contains an invalid name: 1 to 127 letters, digits, hyphens.",
            ))
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which it is kept: case does not distinguish.
    pub(super) fn index(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// `POST /keys/{name}/create`.
#[derive(Deserialize)]
pub(super) struct CreateBody {
    pub(super) kty: String,
    pub(super) key_size: Option<u32>,
    pub(super) key_ops: Option<Vec<String>>,
    #[serde(default)]
    pub(super) attributes: Attributes,
    #[serde(default)]
    pub(super) tags: Option<BTreeMap<String, String>>,
}

/// `PUT /keys/{name}`.
#[derive(Deserialize)]
pub(super) struct ImportBody {
    pub(super) key: ImportKey,
    #[serde(default)]
    pub(super) attributes: Attributes,
    #[serde(default)]
    pub(super) tags: Option<BTreeMap<String, String>>,
}

/// The key of an import. Members that would hold a bare private key are not even read.
#[derive(Deserialize)]
pub(super) struct ImportKey {
    pub(super) kty: String,
    pub(super) crv: Option<String>,
    pub(super) key_ops: Option<Vec<String>>,
    pub(super) key_hsm: Option<String>,
}

/// `PATCH /keys/{name}/{version}`: what is absent stays.
#[derive(Deserialize)]
pub(super) struct UpdateBody {
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    attributes: Attributes,
    tags: Option<BTreeMap<String, String>>,
}

/// `POST /keys/{name}/{version}/{deed}`; `digest` with verify alone, `iv` with AES alone.
#[derive(Deserialize)]
pub(super) struct UseBody {
    pub(super) alg: String,
    pub(super) value: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) iv: Option<String>,
}

/// The attributes that a caller can set; times are seconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Attributes {
    pub(super) enabled: Option<bool>,
    pub(super) nbf: Option<i64>,
    pub(super) exp: Option<i64>,
    exportable: Option<bool>,
}

/// An operation as it stands in `key_ops`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// Of a KEK alone.
    Import,
    /// Of every other key.
    Use(KeyOperation),
}

impl Operation {
    fn parse(name: &str) -> Result<Self, Refusal> {
        if name == "import" {
            return Ok(Self::Import);
        }
        serde_json::from_value(name.into())
            .map(Self::Use)
            .map_err(|_| {
                Refusal::new(
                    Cause::KeyOps,
                    "key_ops names an operation that is not known.",
                )
            })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Use(operation) => operation.name(),
        }
    }
}

/// Operations, attributes and tags of a key.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) operations: Vec<Operation>,
    pub(super) attributes: Attributes,
    pub(super) tags: Option<BTreeMap<String, String>>,
}

impl Settings {
    /// A KEK's.
    pub(super) fn kek() -> Self {
        Self {
            operations: vec![Operation::Import],
            attributes: Attributes::default(),
            tags: None,
        }
    }

    /// Of a key to be made: exactly the operations asked for, so that a KEK with too many can be
    /// made and is refused where Azure documents it, at the import.
    pub(super) fn of_created(body: &CreateBody) -> Result<Self, Refusal> {
        Self::parse(
            body.key_ops.as_deref(),
            &[],
            body.attributes,
            body.tags.clone(),
        )
    }

    /// Of a key to be imported: without `key_ops`, all that its family has; never `import`.
    pub(super) fn of_imported(
        body: &ImportBody,
        family: Family,
        all: &[KeyOperation],
    ) -> Result<Self, Refusal> {
        let settings = Self::parse(
            body.key.key_ops.as_deref(),
            all,
            body.attributes,
            body.tags.clone(),
        )?;
        let fits = |operation: &Operation| matches!(operation, Operation::Use(operation) if all.contains(operation));
        match settings
            .operations
            .iter()
            .find(|operation| !fits(operation))
        {
            None => Ok(settings),
            Some(operation) => Err(Refusal::new(
                Cause::KeyOps,
                format!(
                    "key_ops: {} is not an operation of an imported {} key.",
                    operation.name(),
                    family_name(family)
                ),
            )),
        }
    }

    /// The same with what an update says; a KEK stays one, and any other key never becomes one.
    pub(super) fn updated(&self, body: &UpdateBody, all: &[KeyOperation]) -> Result<Self, Refusal> {
        let tags = body.tags.clone().or_else(|| self.tags.clone());
        let names = body.key_ops.as_deref();
        let mut updated = Self::parse(names, &[], body.attributes, tags)?;
        if names.is_none() {
            updated.operations.clone_from(&self.operations);
        }
        let was_kek = self.operations.contains(&Operation::Import);
        let fits = updated.operations.iter().all(|operation| match operation {
            Operation::Import => was_kek,
            Operation::Use(operation) => all.contains(operation),
        });
        if !fits {
            return Err(Refusal::new(
                Cause::KeyOps,
                "key_ops names an operation that this key cannot have.",
            ));
        }
        let (new, old) = (&mut updated.attributes, self.attributes);
        new.enabled = new.enabled.or(old.enabled);
        new.nbf = new.nbf.or(old.nbf);
        new.exp = new.exp.or(old.exp);
        Ok(updated)
    }

    /// Whether the key may do this now. Outside its time a key still verifies, decrypts and unwraps.
    pub(super) fn check_use(&self, deed: Deed, now: OffsetDateTime) -> Result<(), Refusal> {
        let refuse = |cause, why: &str| {
            let message = format!("Operation {} is not {why}.", deed.name());
            Err(Refusal::new(cause, message))
        };
        if self.attributes.enabled == Some(false) {
            return refuse(Cause::Disabled, "allowed on a disabled key");
        }
        let known = |operation: &Operation| operation.name() == deed.name();
        if !self.operations.iter().any(known) {
            return refuse(Cause::NotPermitted, "permitted on this key");
        }
        let now = now.unix_timestamp();
        let outside = self.attributes.nbf.is_some_and(|nbf| now < nbf)
            || self.attributes.exp.is_some_and(|exp| now >= exp);
        if outside && matches!(deed, Deed::Sign | Deed::Encrypt | Deed::WrapKey) {
            return refuse(Cause::OutOfTime, "allowed outside the key's nbf and exp");
        }
        Ok(())
    }

    /// True for what may stand as a KEK: enabled, and `key_ops` exactly `["import"]`.
    pub(super) fn is_kek(&self) -> bool {
        self.operations == [Operation::Import] && self.attributes.enabled != Some(false)
    }

    fn parse(
        names: Option<&[String]>,
        default: &[KeyOperation],
        attributes: Attributes,
        tags: Option<BTreeMap<String, String>>,
    ) -> Result<Self, Refusal> {
        if attributes.exportable == Some(true) {
            return Err(Refusal::new(
                Cause::Body,
                "AKV.SKR.1004: exportable needs a release policy; the practice vault has none.",
            ));
        }
        if tags.as_ref().is_some_and(|tags| tags.len() > MAX_TAGS) {
            return Err(Refusal::new(
                Cause::Body,
                format!("A key has at most {MAX_TAGS} tags."),
            ));
        }
        let operations = match names {
            Some(names) => names
                .iter()
                .map(|name| Operation::parse(name))
                .collect::<Result<_, _>>()?,
            None => default.iter().copied().map(Operation::Use).collect(),
        };
        Ok(Self {
            operations,
            attributes,
            tags,
        })
    }
}

/// The family's name for people.
pub(super) fn family_name(family: Family) -> &'static str {
    match family {
        Family::Rsa => "RSA",
        Family::Ec => "EC",
        Family::Aes => "AES",
    }
}
