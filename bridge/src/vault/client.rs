//! The client of one vault's keys: Azure's own SDK, on a transport of ours. Made by
//! [`Outward::connect`](super::Outward::connect) alone.

use super::credential::UsedCredential;
use super::error::{Asked, VaultError};
use super::key::Wanted;
use super::outward::{Outward, PracticeTrust};
use super::patience::{Effect, Patience};
use super::practice::PracticeVault;
use super::trouble::Trouble;
use crate::stopwatch::Stopwatch;
use azure_security_keyvault_keys::KeyClient;
use keyferry_core::{Admission, KeyName, VaultAddress};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Makes the SDK's client, with a fresh credential: how a token that the service no longer takes is
/// replaced.
pub(super) type Maker = Box<dyn Fn() -> Result<KeyClient, VaultError> + Send + Sync>;

/// A client of one vault.
pub struct VaultClient {
    make: Maker,
    keys: Mutex<Arc<KeyClient>>,
    vault: VaultAddress,
    admission: Admission,
    used: UsedCredential,
    patience: Patience,
    waited: Stopwatch,
}

impl VaultClient {
    pub(super) fn new(
        make: Maker,
        vault: VaultAddress,
        admission: Admission,
        used: UsedCredential,
        patience: Patience,
    ) -> Result<Self, VaultError> {
        let keys = Mutex::new(Arc::new(make()?));
        Ok(Self {
            make,
            keys,
            vault,
            admission,
            used,
            patience,
            waited: Stopwatch::default(),
        })
    }

    /// A client of a practice vault that runs in this process.
    ///
    /// # Errors
    /// [`VaultError::Setup`].
    pub fn practice(vault: &PracticeVault) -> Result<Self, VaultError> {
        let outward = Outward::to_practice(PracticeTrust::from(vault), Patience::none());
        let address = VaultAddress::parse(&vault.base_url(), outward.admission())
            .map_err(VaultError::setup)?;
        outward.connect(&address)
    }

    /// The vault.
    pub fn vault(&self) -> &VaultAddress {
        &self.vault
    }

    /// Which kids this connection admits; what an examination of its keys needs.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// The credential in use.
    pub fn credential(&self) -> &UsedCredential {
        &self.used
    }

    /// How long the vault was waited for so far.
    pub(crate) fn waited(&self) -> Duration {
        self.waited.total()
    }

    pub(super) fn wanted<'a>(&'a self, name: &'a KeyName, version: Option<&'a str>) -> Wanted<'a> {
        Wanted {
            vault: &self.vault,
            admission: &self.admission,
            name,
            version,
        }
    }

    /// One call, with the patience that it deserves. A token that the service no longer takes is
    /// replaced once, by signing in anew.
    pub(super) async fn call<T>(
        &self,
        effect: Effect,
        call: impl AsyncFn(Arc<KeyClient>) -> azure_core::Result<T>,
    ) -> Result<T, VaultError> {
        self.waited.time(self.patiently(effect, call)).await
    }

    async fn patiently<T>(
        &self,
        effect: Effect,
        call: impl AsyncFn(Arc<KeyClient>) -> azure_core::Result<T>,
    ) -> Result<T, VaultError> {
        let (mut tries, mut waited, mut renewed) = (0, Duration::ZERO, false);
        loop {
            self.patience.pace().await;
            let keys = Arc::clone(&self.keys.lock().unwrap_or_else(PoisonError::into_inner));
            let error = match call(keys).await {
                Ok(value) => return Ok(value),
                Err(error) => self.read(error),
            };
            if error.trouble() == Some(Trouble::TokenRefused) && !renewed {
                renewed = true;
                let fresh = Arc::new((self.make)()?);
                *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
                continue;
            }
            if !self
                .patience
                .after(&error, effect, tries, &mut waited)
                .await
            {
                return Err(error);
            }
            tries += 1;
        }
    }

    fn read(&self, error: azure_core::Error) -> VaultError {
        VaultError::from_sdk(
            error,
            &Asked {
                host: &self.vault.url(),
                service: self.vault.service(),
                used: &self.used,
            },
        )
    }
}

impl std::fmt::Debug for VaultClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "VaultClient({})", self.vault)
    }
}
