//! The name that a key has in a vault.

use super::KidProblem;
use crate::Error;
use std::fmt;
use std::str::FromStr;

/// A key's name: 1 to 127 of `[0-9A-Za-z-]`. Vaults ignore its letter case, and so does `==`.
#[derive(Debug, Clone)]
pub struct KeyName(String);

impl KeyName {
    /// Takes a name as it was given.
    ///
    /// # Errors
    /// [`Error::Kid`] with [`KidProblem::KeyName`].
    pub fn parse(name: &str) -> Result<Self, Error> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (1..=127).contains(&name.len()) && name.bytes().all(known) {
            Ok(Self(name.to_owned()))
        } else {
            Err(Error::Kid(KidProblem::KeyName))
        }
    }

    /// The nearest name to a label: what a vault does not take becomes a hyphen.
    pub fn from_label(label: &str) -> Self {
        let known = |character: char| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '-'
            }
        };
        let name: String = label.chars().map(known).collect();
        let name: String = name.trim_matches('-').chars().take(127).collect();
        if name.is_empty() {
            Self("imported-key".to_owned())
        } else {
            Self(name)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for KeyName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for KeyName {}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromStr for KeyName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::parse(name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_letters_digits_and_hyphens_and_ignores_case() {
        assert_eq!(
            KeyName::parse("Pay-2026").unwrap(),
            KeyName::parse("pay-2026").unwrap()
        );
        for name in ["", "a_b", "a b", "a/b", "ключ", &"a".repeat(128)] {
            assert_eq!(
                KeyName::parse(name).unwrap_err().code(),
                "kid-key-name",
                "{name}"
            );
        }
    }

    #[test]
    fn a_label_becomes_a_name_that_a_vault_takes() {
        for (label, name) in [
            ("Signing key (2026)", "Signing-key--2026"),
            ("ключ", "imported-key"),
        ] {
            assert_eq!(KeyName::from_label(label).as_str(), name);
        }
        assert_eq!(KeyName::from_label(&"a".repeat(300)).as_str().len(), 127);
    }
}
