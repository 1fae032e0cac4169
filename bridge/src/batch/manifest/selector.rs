//! Which key a line means.

use std::fmt;

use keyferry_core::visible;
use wildmatch::WildMatch;

/// One key by label or id or both, or all whose label fits a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// Exactly one key.
    Key {
        /// `CKA_LABEL`.
        label: Option<String>,
        /// `CKA_ID`, lower-case hexadecimal.
        id: Option<String>,
    },
    /// Every key whose label fits.
    Glob(Glob),
}

/// A pattern of labels: `*` is any number of characters, `?` exactly one; nothing else is special.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Glob(String);

impl Glob {
    /// A pattern; none for an empty one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// What every label that fits begins with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.split(['*', '?']).next().unwrap_or_default()
    }

    /// What tells whether a label fits.
    #[must_use]
    pub fn matcher(&self) -> WildMatch {
        WildMatch::new(&self.0)
    }
}

impl fmt::Display for Selector {
    /// As people are told of it, with foreign characters made visible.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glob(glob) => formatter.write_str(&visible(&glob.0)),
            Self::Key {
                label: Some(label),
                id: None,
            } => formatter.write_str(&visible(label)),
            Self::Key {
                label: Some(label),
                id: Some(id),
            } => write!(formatter, "{} (id {})", visible(label), visible(id)),
            Self::Key { label: None, id } => {
                write!(
                    formatter,
                    "id {}",
                    visible(id.as_deref().unwrap_or_default())
                )
            }
        }
    }
}
