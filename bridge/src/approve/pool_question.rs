//! What a person is asked before a pool's owner certificate is pinned.

use std::fmt::Write;

use keyferry_core::OwnerFingerprint;

use super::question::foreign;

/// Is this the owner certificate of your pool?
#[derive(Debug, Clone)]
pub struct PoolQuestion {
    /// The pool's address.
    pub vault: String,
    /// SHA-256 of the certificate.
    pub fingerprint: OwnerFingerprint,
    /// The pin that was kept before, when there was another.
    pub replaces: Option<OwnerFingerprint>,
}

impl PoolQuestion {
    /// The facts, one a line.
    #[must_use]
    pub fn facts(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<11}{value}");
        };
        line("Pool", &foreign(&self.vault));
        line("Owner", &self.fingerprint.grouped());
        match &self.replaces {
            None => line(
                "First use",
                "nothing is known of this pool yet; only a comparison by another way shows that it is yours",
            ),
            Some(old) => {
                line("Until now", &old.grouped());
                line(
                    "Warning",
                    "another certificate was pinned: an attacker's pool looks like this too",
                );
            }
        }
        text
    }
}
