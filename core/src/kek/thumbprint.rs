//! The fingerprint by which people compare KEKs.

use crate::Error;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// SHA-256 of a SubjectPublicKeyInfo in DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// The thumbprint of a SubjectPublicKeyInfo.
    pub fn of_spki(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    pub(crate) fn of_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Sixteen groups of four digits, to read aloud and compare.
    pub fn grouped(&self) -> String {
        let mut text = String::with_capacity(79);
        for (index, digit) in self.to_string().chars().enumerate() {
            if index > 0 && index.is_multiple_of(4) {
                text.push(' ');
            }
            text.push(digit);
        }
        text
    }
}

impl fmt::Display for Thumbprint {
    /// 64 hexadecimal digits in lower case.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&crate::to_hex(&self.0))
    }
}

impl FromStr for Thumbprint {
    type Err = Error;

    /// 64 hexadecimal digits; white space, colons and case are ignored.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut bytes = [0; 32];
        let mut digits = text
            .chars()
            .filter(|character| !character.is_whitespace() && *character != ':');
        for byte in &mut bytes {
            let mut digit = || {
                digits
                    .next()
                    .and_then(|digit| digit.to_digit(16))
                    .ok_or(Error::Thumbprint)
            };
            let (high, low) = (digit()?, digit()?);
            *byte = u8::try_from(high * 16 + low).map_err(|_| Error::Thumbprint)?;
        }
        if digits.next().is_some() {
            Err(Error::Thumbprint)
        } else {
            Ok(Self(bytes))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_in_every_spelling() {
        let thumbprint = Thumbprint::of_spki(b"any");
        let plain = thumbprint.to_string();
        assert_eq!(plain.len(), 64);
        let colons: Vec<&str> = (0..32)
            .map(|index| &plain[index * 2..index * 2 + 2])
            .collect();
        for spelling in [
            plain.clone(),
            plain.to_uppercase(),
            thumbprint.grouped(),
            colons.join(":"),
            format!(" {plain}\r\n"),
        ] {
            assert_eq!(
                spelling.parse::<Thumbprint>().unwrap(),
                thumbprint,
                "{spelling}"
            );
        }
    }

    #[test]
    fn refuses_too_few_too_many_and_other_digits() {
        let plain = Thumbprint::of_spki(b"any").to_string();
        for spelling in [
            "",
            &plain[1..],
            &format!("{plain}0"),
            &format!("g{}", &plain[1..]),
            &plain.replace('a', "а"),
        ] {
            assert_eq!(
                spelling.parse::<Thumbprint>(),
                Err(Error::Thumbprint),
                "{spelling}"
            );
        }
    }
}
