//! A key that a rehearsal made on the user's token.

use keyferry_core::{KeyInfo, KeySelector};

/// A key that this run's worker made for a rehearsal, and that it destroys. There is no other way to
/// have one, so that a value of this type shows that the key it names is nobody's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsalKey(KeyInfo);

impl RehearsalKey {
    pub(super) fn of(key: KeyInfo) -> Self {
        Self(key)
    }

    /// The key.
    #[must_use]
    pub fn info(&self) -> &KeyInfo {
        &self.0
    }

    /// Names it by label and id.
    #[must_use]
    pub fn selector(&self) -> KeySelector {
        KeySelector {
            label: Some(self.0.label.clone()),
            id: Some(self.0.id.clone()),
        }
    }
}

#[cfg(test)]
impl RehearsalKey {
    /// One that no token holds, for tests of the rules.
    pub(crate) fn pretended(key: KeyInfo) -> Self {
        Self(key)
    }
}
