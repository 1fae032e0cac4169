//! A plan's hash: what an approval of the whole plan is bound to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// SHA-256 over a plan's canonical form; 64 lower-case hexadecimal digits in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlanHash(pub(super) [u8; 32]);

impl PlanHash {
    /// Sixteen groups of four digits, to read aloud and compare.
    #[must_use]
    pub fn grouped(&self) -> String {
        let digits = self.to_string();
        let mut text = String::with_capacity(79);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && index.is_multiple_of(4) {
                text.push(' ');
            }
            text.push(digit);
        }
        text
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&keyferry_core::to_hex(&self.0))
    }
}

impl FromStr for PlanHash {
    type Err = &'static str;

    /// 64 hexadecimal digits; white space and case are ignored, as people copy it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a plan's hash is 64 hexadecimal digits";
        let thumbprint: keyferry_core::Thumbprint = text.parse().map_err(|_| FORM)?;
        Ok(Self(*thumbprint.as_bytes()))
    }
}

impl Serialize for PlanHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PlanHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
