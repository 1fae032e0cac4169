//! A PKCS#11 module that is loaded and started.

use std::path::Path;

use cryptoki::context::Pkcs11;
use cryptoki::error::Error;

use crate::hsm::error::HsmError;
use crate::hsm::raw::{self, RawCalls};

/// A module between `C_Initialize` and `C_Finalize`; dropping it finalises.
pub(in crate::hsm) struct LoadedModule {
    pub(in crate::hsm) pkcs11: Pkcs11,
    pub(in crate::hsm) raw: RawCalls,
}

impl LoadedModule {
    /// Loads and starts a vendor's library; `text` goes to `pReserved`.
    pub(in crate::hsm) fn library(path: &Path, text: Option<&str>) -> Result<Self, HsmError> {
        // First the raw calls, which tell apart what can be wrong with the file.
        let raw = RawCalls::of_library(path)?;
        let pkcs11 = Pkcs11::new(path)?;
        Self::start(pkcs11, raw, text)
    }

    /// Starts the embedded token, with `text` for `pReserved`.
    #[cfg(feature = "embedded")]
    pub(in crate::hsm) fn embedded(text: &str) -> Result<Self, HsmError> {
        let raw = RawCalls::of_embedded()?;
        Self::start(Pkcs11::new_from_self()?, raw, Some(text))
    }

    fn start(pkcs11: Pkcs11, raw: RawCalls, text: Option<&str>) -> Result<Self, HsmError> {
        raw::initialize(&pkcs11, text).map_err(not_started)?;
        Ok(Self { pkcs11, raw })
    }
}

impl Drop for LoadedModule {
    fn drop(&mut self) {
        if let Err(error) = self.pkcs11.clone().finalize() {
            tracing::debug!(%error, "the module does not finalise");
        }
    }
}

fn not_started(error: Error) -> HsmError {
    match HsmError::from(error) {
        HsmError::Call(call) => HsmError::ModuleInitialize { call },
        other => other,
    }
}
