//! The practice vault, and the client that speaks to Key Vault.

pub mod client;
mod error;
pub mod practice;
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

pub use client::{VaultClient, VaultKey};
pub use error::{Detail, VaultError};
pub use practice::PracticeVault;
