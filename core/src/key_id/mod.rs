//! The key identifier (kid): which key, in which vault, in which cloud.

mod address;
mod admission;
mod azure;
mod kid;
mod parts;
mod practice;
mod problem;

#[cfg(test)]
mod tests;

pub use address::VaultAddress;
pub use admission::{Admission, PracticeAuthority, Service, Suffix};
pub use azure::KeyId;
pub use kid::Kid;
pub use practice::PracticeKeyId;
pub use problem::KidProblem;
