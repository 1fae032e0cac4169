//! A policy that wants a second person, who proves to be there by a secret.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// What Kim knows.
pub const SECRET: &str = "the second person";

/// Where it is asked for, when both are named by the rule.
pub const SECRET_PROMPT: &str = "Secret of the second approver (Dana, Kim): ";

/// Kim's, of `SECRET`; Dana's is of something else.
const KIM: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$FIRhE9q7dbepQkUKmkNXXq7sfg8dkX/8/6TqcSoFc0U";
const DANA: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBubw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A rule `payroll` for keys by a glob, and two approvers by secrets.
#[must_use]
pub fn rule(labels: &str, names: &str) -> String {
    format!(
        "[[rule]]\nname = 'payroll'\nkey_labels = ['{labels}']\nsecond_approver = {names}\n\
         [[approver]]\nname = 'Dana'\nsecret = '{DANA}'\n[[approver]]\nname = 'Kim'\nsecret = '{KIM}'\n"
    )
}

/// Puts a policy where nobody else may write it.
#[must_use]
pub fn write_policy(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("policy.toml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}
