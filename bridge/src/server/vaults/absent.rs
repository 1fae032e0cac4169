//! No vaults: this build has no client for them. The routes have said so before anything here is called.

use std::time::Duration;

use keyferry_core::{
    Kid, Retirement, RetirementAnswer, Thumbprint, VaultAccess, VaultAddress, VaultImportAnswer,
    VaultImportEvent, VaultKek, VaultKeysAnswer,
};

use crate::Error;
use crate::server::desk::{ImportOrder, NewKek};
use crate::transfer::Transfer;

const ABSENT: Error = Error::Internal("a build without a client for vaults was asked for one");

/// Nothing.
pub(in crate::server) struct Vaults;

/// Never made.
pub(in crate::server) struct BatchVault {
    pub(in crate::server) signed_in: String,
    pub(in crate::server) present: u64,
}

impl Vaults {
    pub(in crate::server) fn new() -> Self {
        Self
    }

    pub(in crate::server) fn access(&self) -> VaultAccess {
        VaultAccess::NotBuilt
    }

    pub(in crate::server) fn keep(&self, _: &Transfer, _: &Thumbprint) {}

    pub(in crate::server) async fn keys(&self, _: &VaultAddress) -> Result<VaultKeysAnswer, Error> {
        Err(ABSENT)
    }

    pub(in crate::server) async fn kek(&self, _: &Kid) -> Result<VaultKek, Error> {
        Err(ABSENT)
    }

    pub(in crate::server) async fn create_kek(
        &self,
        _: NewKek,
        _: impl FnOnce() + Send + 'static,
    ) -> Result<VaultKek, Error> {
        Err(ABSENT)
    }

    pub(in crate::server) async fn import(
        &self,
        _: ImportOrder,
        _: impl Fn(VaultImportEvent) + Send + Sync + 'static,
    ) -> Result<VaultImportAnswer, Error> {
        Err(ABSENT)
    }

    pub(in crate::server) async fn for_batch(
        &self,
        _: &VaultAddress,
        _: &[String],
        _: impl Fn(String, Duration) + Send + Sync + 'static,
    ) -> Result<BatchVault, Error> {
        Err(ABSENT)
    }

    pub(in crate::server) async fn retire_kek(
        &self,
        _: &Kid,
        _: Retirement,
        _: impl FnOnce() + Send + 'static,
    ) -> Result<RetirementAnswer, Error> {
        Err(ABSENT)
    }
}
