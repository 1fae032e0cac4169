//! The secret half of a key, in memory for one run and zeroized at its end.

use keyferry_core::Curve;
use rsa::PrivateKey;
use std::fmt;
use zeroize::Zeroizing;

/// What the practice vault made, or opened out of a blob.
pub(super) enum Secret {
    /// A two-prime RSA key.
    Rsa(Box<PrivateKey>),
    /// A scalar in 1..n, of the field's size.
    Ec(Curve, Zeroizing<Vec<u8>>),
    /// 16, 24 or 32 bytes.
    Aes(Zeroizing<Vec<u8>>),
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}
