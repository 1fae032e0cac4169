//! The HSM worker on real tokens: the embedded one, and SoftHSM where it is installed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod attested;
mod embedded;
mod faults;
mod modules;
mod nss;
mod rehearsal;
mod softhsm;
mod survey;
mod token;
mod worker;
