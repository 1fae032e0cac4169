//! The secret of one run of the bridge.

use std::{fmt, io};

use base64ct::{Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Error;

const BYTES: usize = 32;

/// 256 random bits as 43 characters of unpadded base64url.
///
/// Made anew for each run, kept in memory only. The page sends it as `Authorization: Bearer`.
pub struct RunSecret(Zeroizing<String>);

impl RunSecret {
    /// Draws a new secret from the system.
    ///
    /// # Errors
    /// [`Error::System`] when the system gives no random bytes.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0u8; BYTES]);
        getrandom::fill(bytes.as_mut()).map_err(|error| {
            let source = io::Error::other(error.to_string());
            Error::System {
                what: "drawing random bytes",
                source,
            }
        })?;
        Ok(Self(Zeroizing::new(Base64UrlUnpadded::encode_string(
            bytes.as_ref(),
        ))))
    }

    /// Whether `candidate` is the secret. The time taken tells nothing but the candidate's length.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(candidate).into()
    }

    /// The secret's text, for the address that is shown to the owner and for the launch answer.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RunSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RunSecret")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn is_256_bits_and_new_each_time() {
        let one = RunSecret::random().unwrap();
        let other = RunSecret::random().unwrap();
        assert_eq!(
            Base64UrlUnpadded::decode_vec(one.expose()).unwrap().len(),
            32
        );
        assert_ne!(one.expose(), other.expose());
        assert!(one.matches(one.expose().as_bytes()));
        assert!(!one.matches(other.expose().as_bytes()));
    }

    #[test]
    fn debug_shows_the_name_only() {
        assert_eq!(format!("{:?}", RunSecret::random().unwrap()), "RunSecret");
    }
}
