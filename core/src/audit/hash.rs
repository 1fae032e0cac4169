//! A line's hash.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// SHA-256 of a line; 64 lower-case hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct AuditHash(
    #[cfg_attr(feature = "typescript", tsify(type = "string"))] pub(super) [u8; 32],
);

impl AuditHash {
    /// What the first line follows.
    pub const GENESIS: Self = Self([0; 32]);
}

impl fmt::Display for AuditHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&crate::to_hex(&self.0))
    }
}

impl std::str::FromStr for AuditHash {
    type Err = super::AuditError;

    /// Exactly what [`fmt::Display`] writes: a second spelling would be a second line.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hash: crate::Thumbprint = text.parse().map_err(|_| super::AuditError::Form)?;
        let hash = Self(*hash.as_bytes());
        if hash.to_string() == text {
            Ok(hash)
        } else {
            Err(super::AuditError::Form)
        }
    }
}

impl Serialize for AuditHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AuditHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(|_| serde::de::Error::custom("a hash is 64 lower-case hexadecimal digits"))
    }
}
