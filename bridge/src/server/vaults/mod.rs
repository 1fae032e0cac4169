//! Vaults as the page reaches them: what it may read and change, after which question.
//!
//! The page is not trusted. It names a vault of Azure's hosts or this run's practice vault, and nothing else of a
//! connection. The first sign-in to a vault is asked natively, each change is, and only a file that this run
//! wrapped is imported, with the key that this run saw in the token to compare.

#[cfg(not(feature = "vault"))]
mod absent;
mod apart;
#[cfg(feature = "vault")]
mod batch;
#[cfg(feature = "vault")]
mod import;
#[cfg(feature = "vault")]
mod listing;
#[cfg(feature = "vault")]
mod present;
#[cfg(feature = "vault")]
mod recent;
#[cfg(feature = "vault")]
mod record;
#[cfg(feature = "vault")]
mod way;

pub(super) use apart::apart;

#[cfg(not(feature = "vault"))]
pub(super) use absent::{BatchVault, Vaults};
#[cfg(feature = "vault")]
pub(super) use batch::BatchVault;
#[cfg(feature = "vault")]
pub(super) use present::Vaults;

#[cfg(all(test, unix, feature = "vault"))]
mod tests;
