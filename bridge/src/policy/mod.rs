//! The policy: what may be wrapped to what, written down by whoever runs this machine.
//!
//! `/etc/keyferry/policy.toml` always applies; a file named by `--policy` applies beside it, so it can only
//! narrow. Every file has to allow a wrap, and what any matching rule requires is required. A practice vault is
//! outside of all this: nothing that matters can go there.

mod approver;
mod description;
mod file;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod judge;
mod pattern;
mod secret_hash;
#[cfg(test)]
mod tests;

pub use approver::{Approver, SecondRule};
pub(crate) use approver::{ApproverToken, Proof, check_name};
pub(crate) use description::Description;
pub use judge::{Asking, Case, Judgement};
pub(crate) use secret_hash::SecretHash;

use std::path::{Path, PathBuf};

use crate::Error;
use file::PolicyFile;

/// The machine's own policy, which only root may have written.
pub const SYSTEM_POLICY: &str = "/etc/keyferry/policy.toml";

/// Every policy that applies.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    files: Vec<PolicyFile>,
}

impl Policy {
    /// The machine's policy, where there is one, and the one that was named.
    ///
    /// # Errors
    /// [`Error::PolicyExposed`] for a file that others can write, [`Error::ConfigInvalid`] for one that is no
    /// policy, [`Error::FileUnreadable`]. A policy that cannot be read is never taken for none.
    pub fn read(given: Option<&Path>) -> Result<Self, Error> {
        Self::read_with(Path::new(SYSTEM_POLICY), given)
    }

    fn read_with(system: &Path, given: Option<&Path>) -> Result<Self, Error> {
        use crate::trusted_path::Owner;
        let mut files = Vec::new();
        match std::fs::symlink_metadata(system) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::unreadable(system, error)),
            Ok(_) => files.push(PolicyFile::read(system, Owner::Root)?),
        }
        if let Some(given) = given {
            let path =
                std::path::absolute(given).map_err(|error| Error::unreadable(given, error))?;
            files.push(PolicyFile::read(&path, Owner::RootOrSelf)?);
        }
        Ok(Self { files })
    }

    /// The files that apply, for the start line.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().map(|file| &file.path)
    }
}
