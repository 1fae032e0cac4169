//! The plan: every line that would travel, every one that cannot and why, and one hash over all of it.
//!
//! Making a plan touches nothing: neither token nor vault is changed, and no key is wrapped.

mod canonical;
mod clash;
mod document;
mod error;
mod hash;
mod keys;
mod line;
mod make;
mod shared;
mod spki_hash;
#[cfg(test)]
mod tests;
mod wishes;

pub use document::{Plan, PlanHeader, PlanToken, PlanVault};
pub use error::PlanError;
pub use hash::PlanHash;
pub use line::{Asked, PlanKey, PlanLine, Stay};
pub use make::{Judge, MAX_OPEN_GLOBS, VaultGround, make};
pub use shared::Shared;
pub(in crate::batch) use shared::Sharing;
pub use spki_hash::SpkiHash;
pub use wishes::PlanWishes;

use keyferry_core::Reason;

fn reason(code: &str, message: String, advice: impl Into<String>) -> Reason {
    Reason {
        code: code.to_owned(),
        message,
        advice: advice.into(),
    }
}
