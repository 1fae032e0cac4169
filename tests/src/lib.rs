//! Whole-system tests of Keyferry: what they share.
//!
//! The tests run the real binary against real tokens, and open what it wrote with the `openssl`
//! command alone. Nothing here is mocked, and nothing that judges a transfer shares code with the
//! product's wrap path.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's support stops the test by a panic"
)]

pub mod audit_chain;
pub mod bridge;
pub mod desk;
pub mod fake_clock;
pub mod holdings;
pub mod http;
pub mod kek;
pub mod load;
pub mod many_keys;
pub mod memory;
pub mod nss;
pub mod onlooker;
pub mod opener;
pub mod order;
pub mod p521;
pub mod postgres;
pub mod practice_vault;
pub mod private_key_info;
pub mod processes;
pub mod pty;
pub mod running_batch;
pub mod simulated;
pub mod soft_hsm;
pub mod tool;
pub mod transfer;
pub mod trial;
pub mod two_persons;
pub mod whole_batch;

pub use desk::{Answer, Desk};
pub use fake_clock::FakeClock;
pub use kek::Kek;
pub use many_keys::ManyKeys;
pub use nss::Nss;
pub use onlooker::Onlooker;
pub use order::Order;
pub use postgres::PostgresServer;
pub use pty::Terminal;
pub use simulated::Simulated;
pub use soft_hsm::SoftHsm;
pub use whole_batch::WholeBatch;
