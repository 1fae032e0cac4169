//! How the bridge signs in to Azure: by az, a service principal of the environment, workload or
//! managed identity. Tokens stay in this process and in the SDK's own secret type; nothing here
//! prints, stores or hands one to the page.

mod audience;
mod certificate;
mod choice;
mod environment;
mod make;
mod practice;
#[cfg(test)]
mod tests;
mod used;

pub(super) use audience::ForAudience;
pub use choice::{CredentialChoice, Tenant};
pub(super) use environment::Environment;
pub(super) use make::{Transports, make};
pub(super) use practice::PracticeCredential;
pub use used::UsedCredential;
