//! Key identifiers of the practice vault: a type of their own, so that no setting can turn one
//! into a real identifier or the other way round.

use super::parts::split;
use super::{KidProblem, PracticeAuthority};
use crate::Error;

/// The identifier of a key in the practice vault of this run.
#[derive(Debug, Clone)]
pub struct PracticeKeyId {
    text: String,
    authority: PracticeAuthority,
    key_name: String,
    version: Option<String>,
}

impl PracticeKeyId {
    /// Parses an identifier of the practice vault at `authority`, and of no other.
    ///
    /// # Errors
    /// [`Error::Kid`] with the rule that was broken.
    pub fn parse(text: &str, authority: &PracticeAuthority) -> Result<Self, Error> {
        let parts = split(text).map_err(Error::Kid)?;
        if parts.host != authority.host() || parts.port != Some(authority.port()) {
            return Err(Error::Kid(KidProblem::Host(parts.host)));
        }
        let mut text = format!("https://{}/keys/{}", authority.authority(), parts.key_name);
        if let Some(version) = parts.version {
            text.push('/');
            text.push_str(version);
        }
        Ok(Self {
            text,
            authority: authority.clone(),
            key_name: parts.key_name.to_owned(),
            version: parts.version.map(str::to_owned),
        })
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the practice vault listens.
    pub fn authority(&self) -> &PracticeAuthority {
        &self.authority
    }

    /// The key's name.
    pub fn key_name(&self) -> &str {
        &self.key_name
    }

    /// The key's version.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// True when both name the same key and version; letter case does not matter.
    pub fn same_key(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}
