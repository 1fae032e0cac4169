//! Native prompts: the PIN, and "wrap this key to that KEK?". The only maker of an approval.
//!
//! A wrap needs an [`Approval`]. One comes from a person at a native prompt ([`Prompter`]) or from a flag of
//! the command line ([`ByFlag`]); it is bound to the key, the KEK's thumbprint and the kid that were shown,
//! and is used up by the one wrap it was given for. What is done in a vault has an approval of its own kind
//! ([`VaultApproval`]), bound to the vault and to the whole of the action.

mod approval;
mod by_flag;
mod by_policy;
mod pinentry;
mod plan_question;
#[cfg(test)]
mod plan_tests;
mod pool_question;
mod prompter;
#[cfg(all(test, unix))]
mod prompter_tests;
mod question;
mod rehearsal;
mod second_person;
#[cfg(test)]
mod second_tests;
mod second_token;
mod terminal;
#[cfg(test)]
mod tests;
mod vault_question;
#[cfg(test)]
mod vault_tests;
mod watched;

pub use approval::{Approval, Consent};
pub use by_flag::{ByFlag, PracticeDemo};
pub(crate) use by_policy::by_policy;
pub use plan_question::{
    PlanApproval, PlanDestination, PlanEnd, PlanList, PlanQuestion, check_flags,
};
pub use pool_question::PoolQuestion;
pub use prompter::{Place, Prompter};
pub use question::{DisposableQuestion, KeygenQuestion, WrapQuestion};
pub use rehearsal::PracticeRehearsal;
pub use second_person::{SecondApproval, second_person};
pub use vault_question::{ImportAction, VaultAction, VaultApproval, VaultQuestion};
