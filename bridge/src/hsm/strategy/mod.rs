//! Wrap strategies: which PKCS#11 mechanisms make Azure's ciphertext, and how.
//!
//! [`table`] lists the strategies in the order of preference; [`two_step`] is the recipe of those
//! that wrap twice. None is used for a real key before [`super::self_test`] has opened what it makes.

mod kek;
mod session_object;
mod table;
mod two_step;

pub(super) use kek::KekNumbers;
pub(super) use session_object::SessionObject;
pub(super) use table::{StrategyEntry, candidates};
