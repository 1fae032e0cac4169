//! Key Vault: the client that speaks to vaults, and a practice vault to speak to.
//!
//! [`Outward`] is the one way out of this machine: it makes [`VaultClient`]s, and whoever holds none
//! makes no connection.

mod client;
mod client_change;
mod client_read;
mod client_use;
mod cloud;
mod credential;
mod error;
mod failure;
mod key;
mod mark;
mod outward;
mod patience;
pub mod practice;
mod proof;
mod recorded;
mod spki;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
mod tests;
mod transport;
mod trouble;
mod trouble_table;
#[cfg(test)]
mod trouble_tests;
mod verify;

pub use client::VaultClient;
pub use client_change::KekWishes;
pub use client_read::VersionListing;
pub use credential::{CredentialChoice, Tenant, UsedCredential};
pub use error::{Detail, VaultError};
pub use failure::Failure;
pub use key::{KeyListing, VaultKey};
pub use mark::{MARK_TAG, TransferId};
pub use outward::{Outward, PracticeTrust};
pub use patience::{Patience, Wait, WaitReason};
pub use practice::PracticeVault;
pub use recorded::{ImportSubject, Made, Recorded};
pub use trouble::Trouble;
pub use verify::{Expected, verify};
