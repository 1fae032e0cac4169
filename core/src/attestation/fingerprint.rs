//! The fingerprint of a pool owner's certificate: what the user pins.

use crate::{Error, Thumbprint};
use std::fmt;
use std::str::FromStr;

/// SHA-256 of an owner certificate in DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnerFingerprint(Thumbprint);

impl OwnerFingerprint {
    pub(super) fn new(digest: [u8; 32]) -> Self {
        Self(Thumbprint::of_digest(digest))
    }

    /// Sixteen groups of four digits, to read aloud and compare.
    pub fn grouped(&self) -> String {
        self.0.grouped()
    }
}

impl fmt::Display for OwnerFingerprint {
    /// 64 hexadecimal digits in lower case.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for OwnerFingerprint {
    type Err = Error;

    /// 64 hexadecimal digits; white space, colons and case are ignored.
    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self).map_err(|_| Error::OwnerFingerprint)
    }
}
