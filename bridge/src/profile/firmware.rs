//! Firmware versions, to compare.

use std::str::FromStr;

use serde::Deserialize;

/// A firmware version as tokens tell it, `X.Y` (`CK_VERSION`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Firmware {
    major: u8,
    minor: u8,
}

impl FromStr for Firmware {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('.');
        let version = parts.and_then(|(major, minor)| {
            Some(Self {
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        });
        version.ok_or_else(|| format!("{text:?} is no version of the form X.Y"))
    }
}

impl TryFrom<String> for Firmware {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
