//! The transfer suite on a token of someone's own, with disposable keys, and what comes of it as a
//! report: what `make test-hsm` runs.

mod options;
mod report;
mod rounds;
mod stop;

pub use options::Options;
pub use report::Report;
pub use rounds::{Trial, announce};
