//! What the policies say of one wrap.

use keyferry_core::{AttestationVerdict, Kek, PoolVerdict, visible};

use super::Policy;
use super::approver::SecondRule;
use super::file::{PolicyFile, Rule};
use super::pattern::names;
use crate::Error;
use crate::error::shown;

/// A wrap that is judged.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The key's label.
    pub label: &'a str,
    /// The KEK.
    pub kek: &'a Kek,
    /// What its attestation showed, where one was given.
    pub attestation: Option<&'a AttestationVerdict>,
}

/// Whether a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// As ever.
    Person,
    /// Every policy says that a match is the approval.
    Nobody,
}

/// A wrap that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether a person is still asked.
    pub asking: Asking,
    /// The rules that want a second person, besides whoever is asked.
    pub second: Vec<SecondRule>,
}

impl Policy {
    /// Refuses a KEK that no key may be wrapped to, before the token is troubled.
    ///
    /// # Errors
    /// [`Error::PolicyRefused`], naming the rule.
    pub fn check_kek(&self, kek: &Kek) -> Result<(), Error> {
        if kek.kid().is_practice() {
            return Ok(());
        }
        for file in &self.files {
            let allow = &file.content.allow;
            let host = host(kek);
            if !names(allow.vaults.as_deref(), &host) {
                return Err(refused(
                    file,
                    "allow.vaults",
                    format!("{host} is not among the vaults"),
                ));
            }
            if let Some(thumbprints) = &allow.kek_thumbprints
                && !thumbprints.contains(kek.thumbprint())
            {
                return Err(refused(
                    file,
                    "allow.kek_thumbprints",
                    format!(
                        "the KEK {} is not among the thumbprints",
                        kek.thumbprint().grouped()
                    ),
                ));
            }
            if let Some(least) = allow.min_kek_bits
                && kek.bits().bits() < least
            {
                return Err(refused(
                    file,
                    "allow.min_kek_bits",
                    format!("the KEK has {} bits, fewer than {least}", kek.bits().bits()),
                ));
            }
        }
        Ok(())
    }

    /// Judges a wrap whole.
    ///
    /// # Errors
    /// [`Error::PolicyRefused`], naming the rule.
    pub fn judge(&self, case: &Case<'_>) -> Result<Judgement, Error> {
        self.check_kek(case.kek)?;
        if case.kek.kid().is_practice() {
            return Ok(Judgement {
                asking: Asking::Person,
                second: Vec::new(),
            });
        }
        let host = host(case.kek);
        let mut unasked = !self.files.is_empty();
        let mut second = Vec::new();
        for file in &self.files {
            if !names(file.content.allow.key_labels.as_deref(), case.label) {
                return Err(refused(
                    file,
                    "allow.key_labels",
                    format!("{} is not among the labels", visible(case.label)),
                ));
            }
            let matching = file.content.rules.iter().filter(|rule| {
                names(rule.vaults.as_deref(), &host)
                    && names(rule.key_labels.as_deref(), case.label)
            });
            let mut here = false;
            for rule in matching {
                check_attestation(file, rule, case.attestation)?;
                here |= rule.without_asking;
                if let Some(names) = &rule.second_approver {
                    second.push(SecondRule {
                        rule: rule.name.clone(),
                        path: file.path.clone(),
                        approvers: names.find(&file.content.approvers),
                    });
                }
            }
            unasked &= here;
        }
        Ok(Judgement {
            // Two persons are two: no match stands in for the first of them.
            asking: if unasked && second.is_empty() {
                Asking::Nobody
            } else {
                Asking::Person
            },
            second,
        })
    }
}

fn check_attestation(
    file: &PolicyFile,
    rule: &Rule,
    attestation: Option<&AttestationVerdict>,
) -> Result<(), Error> {
    if !(rule.require_attestation || rule.require_pin) {
        return Ok(());
    }
    let why = match attestation {
        None => "the KEK's attestation is required and was not given",
        Some(verdict) if !verdict.is_good() => {
            "the KEK's attestation is required and does not hold"
        }
        Some(verdict) if rule.require_pin && verdict.pool.verdict != PoolVerdict::Pinned => {
            "the KEK has to be of the pinned pool, and nothing shows that it is"
        }
        Some(_) => return Ok(()),
    };
    Err(refused(file, &rule.name, why.to_owned()))
}

fn host(kek: &Kek) -> String {
    let url = kek.kid().vault_url();
    url.strip_prefix("https://").unwrap_or(&url).to_owned()
}

fn refused(file: &PolicyFile, rule: &str, why: String) -> Error {
    Error::PolicyRefused {
        path: shown(&file.path),
        rule: visible(rule),
        why,
    }
}
