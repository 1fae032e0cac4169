//! Keyferry's bridge: the one native binary that stands between an HSM and Azure Key Vault.
//!
//! [`transfer`] is the one way a key leaves a token; the command line, the localhost server and the
//! demonstration all go through it. [`approve`] is the only maker of an approval, [`audit_log`] the only
//! writer of the record, and [`hsm`] the only part that knows PKCS#11 (in a child process). [`profile`] holds what
//! is published of each vendor's HSM.

pub mod approve;
pub mod audit_log;
pub mod batch;
pub mod cli;
mod clock;
pub mod config;
mod digest;
mod disk;
pub mod doctor;
pub mod error;
#[cfg(test)]
mod fuzz_seeds;
pub mod hsm;
mod minutes;
mod moment;
mod oaep;
pub mod pin;
pub mod policy;
pub mod pool;
pub mod profile;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod sample;
pub mod server;
pub mod session;
pub mod state;
#[cfg_attr(
    not(feature = "vault"),
    allow(dead_code, reason = "only a transfer asks for the sums")
)]
mod stopwatch;
pub mod transfer;
mod trusted_path;
mod usage;
#[cfg(feature = "vault")]
pub mod vault;

pub use error::Error;
