//! The PIN: bytes that are wiped when dropped, and that cannot be cloned, printed or serialised.

use std::fmt;

use zeroize::Zeroizing;

/// A token's user PIN, as the bytes that `C_Login` takes (usually UTF-8, see PKCS#11 v3.1 §5.6.8).
///
/// It has no `Clone`, no `Serialize` and no readable `Debug`: a PIN goes from its source to the
/// worker's pipe and from there to the token, and nowhere else.
pub struct Pin(Zeroizing<Vec<u8>>);

impl Pin {
    /// Takes over the bytes of a PIN; the caller's buffer becomes this value and is wiped with it.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The PIN's bytes. Every use names its reason in a comment that starts with `EXPOSE`.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no PIN at all: an empty entry is a refusal, never a try.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Zeroizing<Vec<u8>>> for Pin {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin")
    }
}

#[cfg(test)]
mod tests {
    use super::Pin;

    #[test]
    fn debug_shows_nothing_of_the_pin() {
        assert_eq!(format!("{:?}", Pin::new(b"123456".to_vec())), "Pin");
    }
}
