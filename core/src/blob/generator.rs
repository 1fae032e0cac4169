//! What made a blob.

use crate::visible;

/// `keyferry VERSION; MANUFACTURER MODEL firmware X.Y`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator(String);

impl Generator {
    /// From what the token says of itself; foreign characters are made visible.
    pub fn new(keyferry_version: &str, manufacturer: &str, model: &str, firmware: &str) -> Self {
        Self(visible(&format!(
            "keyferry {keyferry_version}; {} {} firmware {firmware}",
            manufacturer.trim(),
            model.trim()
        )))
    }

    /// From a wrap's answer, where the bridge has made the text already.
    pub fn from_answer(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
