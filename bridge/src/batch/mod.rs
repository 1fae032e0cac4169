//! Many keys at once: a manifest says what is wanted, a plan what would travel and what cannot, and a ledger how
//! far each line has come.

mod error;
pub mod ledger;
pub mod plan;

pub use error::BatchError;
pub use ledger::{Hold, Ledger, LedgerPlace, Seat, Step};
pub use plan::{Plan, PlanHash, PlanLine};
