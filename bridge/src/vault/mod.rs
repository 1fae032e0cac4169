//! The practice vault, and the client that speaks to Key Vault.

pub mod client;
mod error;
pub mod practice;
mod spki;

pub use client::{VaultClient, VaultKey};
pub use error::VaultError;
pub use practice::PracticeVault;
