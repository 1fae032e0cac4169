//! The mark by which a key version is found again: a tag with the transfer's id. When the end of a
//! call is unknown, the vault is asked for the mark before anything is done again.

use super::client::VaultClient;
use super::error::VaultError;
use super::key::VaultKey;
use super::trouble::Trouble;
use getrandom::SysRng;
use getrandom::rand_core::TryRng;
use keyferry_core::KeyName;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The tag's name. It counts among the fifteen that a key can have.
pub const MARK_TAG: &str = "keyferry-transfer";

/// 32 lower-case hexadecimal digits, drawn for one transfer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransferId(String);

impl TransferId {
    /// A fresh one.
    ///
    /// # Errors
    /// [`VaultError::Setup`] when the system gives no randomness.
    pub fn random() -> Result<Self, VaultError> {
        let mut bytes = [0; 16];
        SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(VaultError::setup)?;
        Ok(Self(keyferry_core::to_hex(&bytes)))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Puts the mark among a KEK's tags: another one than the key's, so that neither is taken for the
    /// other.
    pub fn mark_kek(&self, tags: &mut BTreeMap<String, String>) {
        tags.insert(MARK_TAG.to_owned(), format!("{}:kek", self.0));
    }

    /// Puts the mark among an imported key's tags.
    pub fn mark(&self, tags: &mut BTreeMap<String, String>) {
        tags.insert(MARK_TAG.to_owned(), self.0.clone());
    }
}

impl fmt::Display for TransferId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromStr for TransferId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 32 && text.bytes().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a transfer's id is 32 lower-case hexadecimal digits".to_owned())
        }
    }
}

/// How a version that may have come about is known for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs<'a> {
    /// Its tags, when they hold a mark.
    pub(super) tags: &'a BTreeMap<String, String>,
    /// Its public key, when that is known before.
    pub(super) spki: Option<&'a [u8]>,
}

/// The version of `name` that bears the signs; none when the vault has no such version.
///
/// # Errors
/// [`VaultError`] when the vault could not be asked: then nobody knows.
pub(super) async fn find(
    client: &VaultClient,
    name: &KeyName,
    signs: Signs<'_>,
) -> Result<Option<VaultKey>, VaultError> {
    if let Some(mark) = signs.tags.get(MARK_TAG) {
        let versions = match client.versions(name).await {
            Err(error) if error.trouble() == Some(Trouble::KeyNotFound) => return Ok(None),
            other => other?,
        };
        let marked = versions
            .into_iter()
            .find(|version| version.tags.get(MARK_TAG) == Some(mark));
        return match marked {
            Some(found) => client.show(name, Some(&found.version)).await.map(Some),
            None => Ok(None),
        };
    }
    let Some(spki) = signs.spki else {
        return Ok(None);
    };
    match client.show(name, None).await {
        Ok(newest) => Ok((newest.spki.as_deref() == Some(spki)).then_some(newest)),
        Err(error) if error.trouble() == Some(Trouble::KeyNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
