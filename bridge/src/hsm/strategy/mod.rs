//! Wrap strategies: which PKCS#11 mechanisms make Azure's ciphertext, and how.
//!
//! [`table`] lists the strategies in the order of preference; [`one_shot`] and [`two_step`] are their
//! recipes. None is used for a real key before [`super::self_test`] has opened what it makes.

mod discovery;
mod disposable;
mod kek;
mod one_shot;
mod table;
mod two_step;
mod workbench;

pub(super) use discovery::mechanisms;
pub(super) use disposable::{Disposable, disposable_label, sweep};
pub(super) use kek::KekNumbers;
pub(super) use table::{StrategyEntry, candidates};
pub(super) use workbench::{Templates, Workbench, refuses_template};
