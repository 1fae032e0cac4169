//! A build without the embedded token: there is none to open, and the type has no value.

use std::path::Path;

use crate::hsm::error::HsmError;
use crate::hsm::pkcs11::LoadedModule;
use crate::pin::Pin;

/// Never made in this build.
pub(in crate::hsm) enum EmbeddedToken {}

impl EmbeddedToken {
    /// Always [`HsmError::NoEmbeddedToken`].
    pub(in crate::hsm) fn open(_state: &Path) -> Result<(Self, LoadedModule), HsmError> {
        Err(HsmError::NoEmbeddedToken)
    }

    pub(in crate::hsm) fn pin(&self) -> Result<Pin, HsmError> {
        match *self {}
    }

    pub(in crate::hsm) fn lock(&self) -> Result<(), HsmError> {
        match *self {}
    }
}
