//! The key identifier (kid): which key, in which vault, in which cloud.

mod admission;
mod azure;
mod kid;
mod name;
mod parts;
mod practice;
mod problem;
mod vault;

#[cfg(test)]
mod tests;

pub use admission::{Admission, PracticeAuthority, Service, Suffix};
pub use azure::KeyId;
pub use kid::Kid;
pub use name::KeyName;
pub use practice::PracticeKeyId;
pub use problem::KidProblem;
pub use vault::VaultAddress;
