//! What an imported key may do.

use crate::{Family, TargetKind};
use serde::{Deserialize, Serialize};

/// A key operation of Azure Key Vault. `import` is not among them: it belongs to KEKs alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub enum KeyOperation {
    /// `encrypt`
    Encrypt,
    /// `decrypt`
    Decrypt,
    /// `sign`
    Sign,
    /// `verify`
    Verify,
    /// `wrapKey`
    WrapKey,
    /// `unwrapKey`
    UnwrapKey,
}

impl KeyOperation {
    /// Every operation that a key of this kind can have; EC keys sign and verify only.
    pub fn of(kind: TargetKind) -> &'static [Self] {
        Self::of_family(kind.family())
    }

    /// The same by family: neither size nor curve matters to it.
    pub fn of_family(family: Family) -> &'static [Self] {
        use KeyOperation::{Decrypt, Encrypt, Sign, UnwrapKey, Verify, WrapKey};
        match family {
            Family::Rsa => &[Encrypt, Decrypt, Sign, Verify, WrapKey, UnwrapKey],
            Family::Ec => &[Sign, Verify],
            Family::Aes => &[Encrypt, Decrypt, WrapKey, UnwrapKey],
        }
    }

    /// Its name in `key_ops`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::Sign => "sign",
            Self::Verify => "verify",
            Self::WrapKey => "wrapKey",
            Self::UnwrapKey => "unwrapKey",
        }
    }
}
