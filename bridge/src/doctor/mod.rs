//! Can this workstation do a transfer, and if not, what stands in the way?
//!
//! [`examine`] looks around in the module, logs in where that asks nobody, and gathers a [`Report`].
//! A module that cannot be loaded is a verdict, not an error: the report says no, and why.

mod evidence;
mod examine;
mod findings;
mod inside;
mod keep;
mod profile_findings;
mod report;
mod self_test_findings;

pub use examine::{Order, SelfTestWish, examine, without_module};
pub use report::{
    ExpectationReport, KindVerdict, MechanismReport, ModuleReport, PinReport, ProfileReport,
    Report, StrategyReport, TokenReport, VariableReport,
};
