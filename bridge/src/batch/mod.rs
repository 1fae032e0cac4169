//! Many keys at once: a manifest says what is wanted, a plan what would travel and what cannot, and a ledger how
//! far each line has come.

mod asking;
mod begin;
mod error;
mod folder;
mod kept;
pub mod ledger;
mod listing;
pub mod manifest;
mod pages;
mod part;
pub mod plan;
mod prepared;
mod report;
pub mod run;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
pub(crate) mod sample;

pub use asking::{Asking, Before};
pub use begin::{begin, imports};
pub use error::BatchError;
pub use folder::{BatchFolder, LineFiles};
pub use kept::KeptApprovals;
pub use ledger::{Hold, Ledger, LedgerPlace, Seat, Step};
pub use listing::listing;
pub use manifest::Manifest;
pub use pages::{Pages, write_pages};
pub use plan::{Plan, PlanHash, PlanLine};
pub use prepared::{Conditions, Prepared};
pub use report::{ReportFiles, write_report};
