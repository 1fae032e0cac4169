//! The server over real TCP, asked in raw bytes, with a stand-in for the bridge behind it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bounds;
mod client;
mod fake_desk;
mod harness;
mod idle;
mod orders;
mod plans;
mod record;
mod refusals;
mod seat;
mod secrecy;
mod stop;
mod vault;
