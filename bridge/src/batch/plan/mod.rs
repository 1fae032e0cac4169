//! The plan: every line that would travel, every one that cannot and why, and one hash over all of it.
//!
//! Making a plan touches nothing: neither token nor vault is changed, and no key is wrapped.

mod canonical;
mod document;
mod error;
mod hash;
mod line;
mod wishes;

pub use document::{Plan, PlanHeader, PlanToken, PlanVault};
pub use error::PlanError;
pub use hash::PlanHash;
pub use line::{Asked, PlanKey, PlanLine, Stay};
pub use wishes::PlanWishes;
