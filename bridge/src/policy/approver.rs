//! Second approvers: who they are, and how each proves to be there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use keyferry_core::visible;
use serde::Deserialize;

use super::secret_hash::SecretHash;

/// Longest name, in characters.
const MAX_NAME: usize = 64;

/// Most approvers that one rule names: each secret that is typed is held against each of them.
const MAX_OF_RULE: usize = 8;

/// A person besides the one who works with the bridge.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// How prompt, record and refusal name them.
    name: String,
    /// The hash of a secret that they know.
    secret: Option<SecretHash>,
    /// A token that they log in to.
    token: Option<ApproverToken>,
}

/// A token whose login is a second approver's proof. Nothing of the first one's token settings or environment
/// goes into it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproverToken {
    /// The PKCS#11 library, by absolute path.
    pub(crate) module: PathBuf,
    /// Text that the library gets when it starts.
    pub(crate) module_args: Option<String>,
    /// The token's label.
    pub(crate) label: String,
    /// Its serial number, where another token of the same label must not do.
    pub(crate) serial: Option<String>,
    /// Variables that the library gets, with their values.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
}

/// How an approver proves to be there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Proof<'a> {
    Secret(&'a SecretHash),
    Token(&'a ApproverToken),
}

impl Approver {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How they prove to be there; none only before [`check`](Self::check).
    pub(crate) fn proof(&self) -> Option<Proof<'_>> {
        match (&self.secret, &self.token) {
            (Some(secret), None) => Some(Proof::Secret(secret)),
            (None, Some(token)) => Some(Proof::Token(token)),
            _ => None,
        }
    }

    fn check(&self) -> Result<(), String> {
        let name = &self.name;
        check_name(name)?;
        match self.proof() {
            None => Err(format!(
                "the approver {name:?} needs a secret or a token, and not both"
            )),
            Some(Proof::Secret(_)) => Ok(()),
            Some(Proof::Token(token)) if token.module.is_relative() => Err(format!(
                "the token of the approver {name:?} needs its module by absolute path"
            )),
            Some(Proof::Token(token)) if token.label.is_empty() => {
                Err(format!("the token of the approver {name:?} has no label"))
            }
            Some(Proof::Token(_)) => Ok(()),
        }
    }
}

/// Whether a person can be called so: what is shown in a prompt must not repaint it.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if name.trim() != name || !(1..=MAX_NAME).contains(&length) || visible(name) != name {
        return Err(format!(
            "an approver's name has 1 to {MAX_NAME} characters, none of them invisible"
        ));
    }
    Ok(())
}

/// A rule that wants a second person, with the people that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondRule {
    pub(super) rule: String,
    pub(super) path: PathBuf,
    pub(super) approvers: Vec<Approver>,
}

impl SecondRule {
    /// How a refusal names the rule.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The policy that it stands in.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Any one of these is enough.
    #[must_use]
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// Their names, as they are shown.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.approvers.iter().map(Approver::name).collect();
        names.join(", ")
    }
}

/// `second_approver` of a rule: one name, or a list of which one is enough.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "second_approver is an approver's name, or a list of names"
)]
pub(super) enum Names {
    One(String),
    Several(Vec<String>),
}

impl Names {
    pub(super) fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }

    /// The approvers of these names.
    pub(super) fn find(&self, among: &[Approver]) -> Vec<Approver> {
        let named = |approver: &&Approver| self.all().contains(&approver.name);
        among.iter().filter(named).cloned().collect()
    }
}

/// Looks at the approvers by themselves.
pub(super) fn check_all(approvers: &[Approver]) -> Result<(), String> {
    approvers.iter().try_for_each(Approver::check)?;
    let mut names: Vec<&str> = approvers.iter().map(Approver::name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(_) => Err("two approvers have the same name".to_owned()),
        None => Ok(()),
    }
}

/// Looks at those whom a rule names.
pub(super) fn check_named(rule: &str, names: &Names, among: &[Approver]) -> Result<(), String> {
    if !(1..=MAX_OF_RULE).contains(&names.all().len()) {
        return Err(format!(
            "the rule {rule:?} names no second approver, or more than {MAX_OF_RULE}"
        ));
    }
    let unknown = |name: &&String| !among.iter().any(|approver| approver.name == **name);
    if let Some(name) = names.all().iter().find(unknown) {
        return Err(format!(
            "the rule {rule:?} names the approver {name:?}, who is not in this policy"
        ));
    }
    let found = names.find(among);
    let tokens = found
        .iter()
        .filter(|approver| approver.token.is_some())
        .count();
    // What is typed must be known to be a PIN before it is tried as one: each wrong one costs a try.
    if tokens > 0 && found.len() > 1 {
        return Err(format!(
            "the rule {rule:?} names an approver with a token beside others: it takes one token, or secrets alone"
        ));
    }
    Ok(())
}
