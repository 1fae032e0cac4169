//! The one flow by which a key leaves a token: checks, self-test, consent, intent on disk, wrap, outcome on disk.

mod choices;
mod findings;
mod flow;
mod grounds;
mod method;
mod one_key;
mod order;
mod receipt;
mod rules;
mod terms;

pub(crate) use choices::choices;
pub use flow::wrap;
pub use grounds::{Grounds, Judged};
pub(crate) use one_key::{Finished, OneKey};
pub use order::{Transfer, TransferOrder};
#[cfg(feature = "vault")]
pub(crate) use rules::find_key;
pub(crate) use rules::outcome_of;
pub use terms::Terms;
