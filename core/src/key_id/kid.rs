//! A key identifier that the caller admits: a real one, or one of this run's practice vault.

use super::{Admission, KeyId, PracticeKeyId, Service};
use crate::{Error, Finding};
use std::fmt;

/// An admitted key identifier.
#[derive(Debug, Clone)]
pub enum Kid {
    /// A key in Azure.
    Azure(KeyId),
    /// A key in the practice vault.
    Practice(PracticeKeyId),
}

impl Kid {
    /// Parses what `admission` admits. The error is the one that Azure's rules give.
    ///
    /// # Errors
    /// [`Error::Kid`] with the rule that was broken.
    pub fn parse(text: &str, admission: &Admission) -> Result<Self, Error> {
        if let Some(authority) = &admission.practice
            && let Ok(practice) = PracticeKeyId::parse(text, authority)
        {
            return Ok(Self::Practice(practice));
        }
        KeyId::parse_with(text, &admission.extra_suffixes).map(Self::Azure)
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Azure(kid) => kid.as_str(),
            Self::Practice(kid) => kid.as_str(),
        }
    }

    /// True for the practice vault.
    pub fn is_practice(&self) -> bool {
        matches!(self, Self::Practice(_))
    }

    /// The real identifier, when it is one.
    pub fn azure(&self) -> Option<&KeyId> {
        match self {
            Self::Azure(kid) => Some(kid),
            Self::Practice(_) => None,
        }
    }

    /// `https://HOST[:PORT]`, without a trailing slash.
    pub fn vault_url(&self) -> String {
        match self {
            Self::Azure(kid) => kid.vault_url(),
            Self::Practice(kid) => format!("https://{}", kid.authority().authority()),
        }
    }

    /// The vault's or pool's name, as `az` takes it; `localhost` for practice.
    pub fn vault_name(&self) -> &str {
        match self {
            Self::Azure(kid) => kid.vault_name(),
            Self::Practice(kid) => kid.authority().host(),
        }
    }

    /// What holds the key; the practice vault plays a Key Vault.
    pub fn service(&self) -> Service {
        match self {
            Self::Azure(kid) => kid.service(),
            Self::Practice(_) => Service::Vault,
        }
    }

    /// `/keys/NAME/VERSION`, as a Managed HSM signs it; None without a version.
    pub fn path(&self) -> Option<String> {
        let version = self.version()?;
        Some(format!("/keys/{}/{version}", self.key_name()))
    }

    /// The key's name.
    pub fn key_name(&self) -> &str {
        match self {
            Self::Azure(kid) => kid.key_name(),
            Self::Practice(kid) => kid.key_name(),
        }
    }

    /// The key's version.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Azure(kid) => kid.version(),
            Self::Practice(kid) => kid.version(),
        }
    }

    /// What to look at in a well-formed identifier.
    pub fn findings(&self) -> Vec<Finding> {
        match self {
            Self::Azure(kid) => kid.findings(),
            Self::Practice(kid) => {
                let mut findings = vec![Finding::note(
                    "kid-practice",
                    "the key identifier is of the practice vault of this run",
                    "Nothing made with it can go to Azure; use a real vault's KEK for a real transfer.",
                )];
                findings.extend(kid.version().is_none().then(without_version));
                findings
            }
        }
    }

    /// True when both name the same key and version in the same place.
    pub fn same_key(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Azure(one), Self::Azure(other)) => one.same_key(other),
            (Self::Practice(one), Self::Practice(other)) => one.same_key(other),
            _ => false,
        }
    }

    /// True when both can mean the same key: same place and name, and no two different versions.
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.is_practice() == other.is_practice()
            && self.vault_url() == other.vault_url()
            && self.key_name().eq_ignore_ascii_case(other.key_name())
            && match (self.version(), other.version()) {
                (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
                _ => true,
            }
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

pub(super) fn without_version() -> Finding {
    Finding::warning(
        "kid-without-version",
        "the key identifier has no version: which key it means can change",
        "Use the identifier with its version, as `az keyvault key show` prints it.",
    )
}
