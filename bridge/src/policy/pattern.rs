//! Names with wildcards: `*` is any number of characters, `?` exactly one; nothing else is special.

use serde::{Deserialize, Deserializer};
use wildmatch::WildMatch;

/// A pattern of labels or hosts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(WildMatch);

impl Pattern {
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.matches(text)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Err(serde::de::Error::custom("an empty pattern matches nothing"));
        }
        Ok(Self(WildMatch::new(&text)))
    }
}

/// True when there is no list, or one of it matches.
pub(super) fn names(patterns: Option<&[Pattern]>, text: &str) -> bool {
    patterns.is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(text)))
}
