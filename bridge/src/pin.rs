//! The token's PIN.

use zeroize::Zeroizing;

/// A PIN as the token takes it: raw bytes, wiped when dropped, never printed and never serialised.
pub struct Pin(Zeroizing<Vec<u8>>);

impl Pin {
    /// Takes over `bytes`, which are wiped when this value goes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The PIN's bytes, for the one call that hands them to the token.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin")
    }
}
