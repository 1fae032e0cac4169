//! One policy file.

use std::path::{Path, PathBuf};

use keyferry_core::Thumbprint;
use serde::{Deserialize, Deserializer};

use super::approver::{Approver, Names, check_all, check_named};
use super::pattern::Pattern;
use crate::Error;
use crate::error::shown;
use crate::trusted_path::{Owner, is_trusted};

/// Largest policy, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// A policy file, read.
#[derive(Debug, Clone)]
pub(super) struct PolicyFile {
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

/// What the file says. Unknown names are refused: a misspelt rule would be silently off.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    /// What is allowed at all.
    #[serde(default)]
    pub(super) allow: Allow,
    /// What is required of some.
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<Rule>,
    /// The people whom rules name as second approvers.
    #[serde(default, rename = "approver")]
    pub(super) approvers: Vec<Approver>,
}

/// What is allowed; a member that is absent allows all.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Allow {
    /// Hosts of vaults, with `*` and `?`.
    pub(super) vaults: Option<Vec<Pattern>>,
    /// KEKs, by thumbprint.
    #[serde(default, deserialize_with = "thumbprints")]
    pub(super) kek_thumbprints: Option<Vec<Thumbprint>>,
    /// The least size of a KEK, in bits.
    pub(super) min_kek_bits: Option<u32>,
    /// Labels of keys, with `*` and `?`.
    pub(super) key_labels: Option<Vec<Pattern>>,
}

/// What is required of the keys and vaults that it names; a member that is absent names all.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// How a refusal names it.
    pub(super) name: String,
    /// Hosts of vaults, with `*` and `?`.
    pub(super) vaults: Option<Vec<Pattern>>,
    /// Labels of keys, with `*` and `?`.
    pub(super) key_labels: Option<Vec<Pattern>>,
    /// The KEK's attestation has to be given and good.
    #[serde(default)]
    pub(super) require_attestation: bool,
    /// That, and the pool has to be the pinned one.
    #[serde(default)]
    pub(super) require_pin: bool,
    /// A match is the approval: nobody is asked.
    #[serde(default)]
    pub(super) without_asking: bool,
    /// A second person has to approve, besides whoever is asked as ever: one of these.
    pub(super) second_approver: Option<Names>,
}

impl PolicyFile {
    pub(super) fn read(path: &Path, owner: Owner) -> Result<Self, Error> {
        let metadata = std::fs::metadata(path).map_err(|error| Error::unreadable(path, error))?;
        if !is_trusted(path, owner) {
            return Err(Error::PolicyExposed { path: shown(path) });
        }
        if metadata.len() > MAX_BYTES {
            return Err(invalid(path, "it is larger than 1 MiB"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| Error::unreadable(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            content: Content::parse(&text).map_err(|reason| invalid(path, &reason))?,
        })
    }
}

impl Content {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let content: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let mut names: Vec<&str> = content
            .rules
            .iter()
            .map(|rule| rule.name.as_str())
            .collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("two rules have the same name".to_owned());
        }
        check_all(&content.approvers)?;
        for rule in &content.rules {
            if let Some(names) = &rule.second_approver {
                check_named(&rule.name, names, &content.approvers)?;
                if rule.without_asking {
                    return Err(format!(
                        "the rule {:?} wants two persons and asks only one",
                        rule.name
                    ));
                }
            }
            if rule.name.trim().is_empty() {
                return Err("a rule has no name".to_owned());
            }
            if !(rule.require_attestation
                || rule.require_pin
                || rule.without_asking
                || rule.second_approver.is_some())
            {
                return Err(format!(
                    "the rule {:?} requires and allows nothing",
                    rule.name
                ));
            }
        }
        Ok(content)
    }
}

fn invalid(path: &Path, reason: &str) -> Error {
    Error::ConfigInvalid {
        path: shown(path),
        reason: reason.to_owned(),
    }
}

fn thumbprints<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Thumbprint>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts
        .iter()
        .map(|text| text.parse().map_err(serde::de::Error::custom))
        .collect::<Result<_, _>>()
        .map(Some)
}
