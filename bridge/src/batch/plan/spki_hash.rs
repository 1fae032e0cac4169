//! A public key by its digest.

use std::fmt;

use keyferry_core::Thumbprint;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// SHA-256 of a SubjectPublicKeyInfo in DER; 64 lower-case hexadecimal digits in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpkiHash(Thumbprint);

impl SpkiHash {
    /// That of a SubjectPublicKeyInfo.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self(Thumbprint::of_spki(der))
    }
}

impl fmt::Display for SpkiHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for SpkiHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SpkiHash {
    /// Nothing but the text that is written: a plan's hash is over it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const FORM: &str = "a key's spki_sha256 is 64 lower-case hexadecimal digits";
        let text = String::deserialize(deserializer)?;
        let parsed: Option<Thumbprint> = text.parse().ok();
        parsed
            .filter(|hash| hash.to_string() == text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(FORM))
    }
}
