//! What a policy file says, for those who keep it.

use std::path::Path;

use keyferry_core::Finding;
use serde::Serialize;

use super::approver::{Approver, Proof};
use super::file::{PolicyFile, Rule};
use super::pattern::Pattern;
use crate::Error;
use crate::error::shown;
use crate::trusted_path::Owner;

/// A policy's content in plain words, and whether it would be taken. No hash is in it.
#[derive(Debug, Serialize)]
pub(crate) struct Description {
    pub(crate) path: String,
    /// Whether `--policy` would take it.
    pub(crate) accepted: bool,
    /// Whether it would be taken as the machine's own, too: it is root's.
    pub(crate) machine: bool,
    pub(crate) allow: Allowed,
    pub(crate) rules: Vec<RuleSaid>,
    pub(crate) approvers: Vec<ApproverSaid>,
    pub(crate) findings: Vec<Finding>,
}

/// Null allows all.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Allowed {
    pub(crate) vaults: Option<Vec<String>>,
    pub(crate) kek_thumbprints: Option<Vec<String>>,
    pub(crate) min_kek_bits: Option<u32>,
    pub(crate) key_labels: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct RuleSaid {
    pub(crate) name: String,
    pub(crate) vaults: Option<Vec<String>>,
    pub(crate) key_labels: Option<Vec<String>>,
    pub(crate) require_attestation: bool,
    pub(crate) require_pin: bool,
    pub(crate) without_asking: bool,
    pub(crate) second_approver: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ApproverSaid {
    pub(crate) name: String,
    /// `secret` or `token`.
    pub(crate) by: &'static str,
    pub(crate) token: Option<String>,
}

impl Description {
    /// Reads the file as `--policy` would.
    ///
    /// # Errors
    /// Only what leaves no verdict: [`Error::FileUnreadable`].
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(|error| Error::unreadable(path, error))?;
        let mut said = Self {
            path: shown(&path),
            accepted: false,
            machine: false,
            allow: Allowed::default(),
            rules: Vec::new(),
            approvers: Vec::new(),
            findings: Vec::new(),
        };
        match PolicyFile::read(&path, Owner::RootOrSelf) {
            Ok(file) => {
                said.accepted = true;
                said.machine = PolicyFile::read(&path, Owner::Root).is_ok();
                said.tell(&file);
                Ok(said)
            }
            Err(error @ (Error::PolicyExposed { .. } | Error::ConfigInvalid { .. })) => {
                said.findings.push(Finding::new(
                    keyferry_core::Severity::Error,
                    error.code(),
                    error.to_string(),
                    error.advice(),
                ));
                Ok(said)
            }
            Err(other) => Err(other),
        }
    }

    fn tell(&mut self, file: &PolicyFile) {
        let content = &file.content;
        let allow = &content.allow;
        self.allow = Allowed {
            vaults: texts(allow.vaults.as_deref()),
            kek_thumbprints: allow
                .kek_thumbprints
                .as_ref()
                .map(|all| all.iter().map(ToString::to_string).collect()),
            min_kek_bits: allow.min_kek_bits,
            key_labels: texts(allow.key_labels.as_deref()),
        };
        self.rules = content.rules.iter().map(rule).collect();
        self.approvers = content.approvers.iter().map(approver).collect();
        let named = |approver: &&ApproverSaid| {
            let mut rules = self.rules.iter();
            rules.any(|rule| rule.second_approver.contains(&approver.name))
        };
        for idle in self.approvers.iter().filter(|approver| !named(approver)) {
            self.findings.push(Finding::warning(
                "approver-unused",
                format!("no rule names the approver {}", idle.name),
                "Name them in a rule's second_approver, or take them out.",
            ));
        }
        if self
            .approvers
            .iter()
            .any(|approver| approver.by == "secret")
        {
            self.findings.push(Finding::note(
                "secrets-can-be-guessed-at",
                "whoever reads the policy can try secrets against its hashes, at leisure"
                    .to_owned(),
                "Let secrets be long and random, or take a token.",
            ));
        }
        if !self.machine {
            self.findings.push(Finding::note(
                "not-the-machines",
                "it is not root's alone, so it can only narrow, by --policy, and whoever owns it can change it".to_owned(),
                "A policy that is to bind the user belongs to root, in /etc/keyferry/policy.toml.",
            ));
        }
    }
}

fn rule(rule: &Rule) -> RuleSaid {
    RuleSaid {
        name: rule.name.clone(),
        vaults: texts(rule.vaults.as_deref()),
        key_labels: texts(rule.key_labels.as_deref()),
        require_attestation: rule.require_attestation || rule.require_pin,
        require_pin: rule.require_pin,
        without_asking: rule.without_asking,
        second_approver: rule
            .second_approver
            .as_ref()
            .map(|names| names.all().to_vec())
            .unwrap_or_default(),
    }
}

fn approver(approver: &Approver) -> ApproverSaid {
    let (by, token) = match approver.proof() {
        Some(Proof::Token(token)) => ("token", Some(token.label.clone())),
        Some(Proof::Secret(_)) | None => ("secret", None),
    };
    ApproverSaid {
        name: approver.name().to_owned(),
        by,
        token,
    }
}

fn texts(patterns: Option<&[Pattern]>) -> Option<Vec<String>> {
    patterns.map(|all| all.iter().map(ToString::to_string).collect())
}
