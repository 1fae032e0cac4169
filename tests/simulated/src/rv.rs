//! Return values.

use cryptoki_sys::{CK_RV, CKR_OK};

/// A return value other than `CKR_OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rv(pub(crate) CK_RV);

impl Rv {
    /// What a call returned, as a result.
    pub(crate) fn check(value: CK_RV) -> Result<(), Self> {
        if value == CKR_OK {
            Ok(())
        } else {
            Err(Self(value))
        }
    }
}
