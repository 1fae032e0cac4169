//! What goes wrong in the field, played against a bridge that serves: every request ends with a right answer or
//! a clear error, no file is half written, the record verifies, and the bridge still serves.
//!
//! `make faults` sets `KEYFERRY_FAULTS=full` for the full counts, and shows the table of what came of them.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod batch;
mod calls;
mod hardening;
mod idle;
mod killed;
mod stage;
