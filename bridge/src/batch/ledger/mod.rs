//! The ledger of batches: which line of a plan is held by whom, how far it has come, and how it ended.
//!
//! One module for two places, a SQLite file and a PostgreSQL server. What is done is written once ([`script`]), as
//! transactions of the same SQL; [`sqlite`] and [`postgres`] only carry them out.
//!
//! **Leases use no clock that anybody can set.** Whoever takes part has a seat, and a seat has a beat that each of its
//! writes advances. Everyone else watches: a beat that has stood still for the seat's lease, by the watcher's own
//! monotonic time, belongs to the dead, and its lines are free again. A wall clock set back or forward, here or on the
//! database's machine, thus neither frees a live claim nor keeps a dead one. Every write of a seat holds only while
//! the seat is its own, in the same transaction, so one that was given up by mistake (a machine asleep) learns of it
//! before it can change anything.

mod address;
mod awake;
mod error;
mod handle;
mod hold;
mod note;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_config;
mod schema;
mod script;
mod seat;
mod sqlite;
mod step;
mod store;
mod tx;
mod watch;

pub use address::{LedgerPlace, PostgresAddress};
pub use error::LedgerError;
pub use handle::{Ledger, Recorded};
pub use hold::{Hold, Holder};
pub use note::{ApprovalNote, Detail};
pub use seat::{Advance, Claim, Seat, SeatInfo, SeatState};
pub use step::{Counts, LedgerRow, Step};
