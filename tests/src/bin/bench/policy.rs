//! The policy by which the benchmark's wraps are approved: nobody is there to ask.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::token::folder;

/// A policy that approves every key's wrap; not below a folder in which others may write.
pub(crate) fn file() -> PathBuf {
    let path = folder().join("policy.toml");
    let rule = "[[rule]]\nname = \"the benchmark\"\nkey_labels = [\"*\"]\nwithout_asking = true\n";
    std::fs::write(&path, rule).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}
