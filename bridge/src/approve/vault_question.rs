//! What a person is asked before a vault is read or changed, and the approval of exactly that.

use std::fmt::Write;

use keyferry_core::{
    ApprovalKind, ImportPlan, KekBits, Requester, Retirement, TargetKind, VaultAddress,
};

use super::question::{asker, foreign, grouped};
use crate::Error;
use crate::moment;

/// What is to be done in a vault, whole: an approval is of this and of nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultAction {
    /// Sign in to the vault and read its keys' public halves.
    Read,
    /// Make a KEK.
    CreateKek {
        /// Its name.
        name: String,
        /// Its size.
        bits: KekBits,
        /// Expires, seconds since 1970.
        expires: Option<i64>,
    },
    /// Import a `.byok` file.
    Import(Box<ImportAction>),
    /// Retire a KEK.
    RetireKek {
        /// Its identifier.
        kid: String,
        /// How.
        how: Retirement,
    },
}

/// An import, with everything that the vault is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportAction {
    /// The key's label in the HSM (foreign text), when it is known.
    pub label: Option<String>,
    /// The key's name in the vault.
    pub name: String,
    /// What kind of key.
    pub target: TargetKind,
    /// SHA-256 of the file, hexadecimal.
    pub file_sha256: String,
    /// The KEK that it was wrapped to.
    pub kek: String,
    /// What the vault is told of it: operations, tags (foreign text), attributes, policy.
    pub plan: ImportPlan,
}

/// May this be done in that vault?
#[derive(Debug, Clone)]
pub struct VaultQuestion {
    /// The vault.
    pub vault: VaultAddress,
    /// With which credential, by name.
    pub signed_in: String,
    /// What.
    pub action: VaultAction,
    /// Who asked.
    pub asked_by: Requester,
}

impl VaultQuestion {
    /// The question itself.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self.action {
            VaultAction::Read => "Sign in to this vault and read its keys?",
            VaultAction::CreateKek { .. } => "Make this KEK in the vault?",
            VaultAction::Import(_) => "Import this file into the vault?",
            VaultAction::RetireKek {
                how: Retirement::Disable,
                ..
            } => "Disable this KEK?",
            VaultAction::RetireKek {
                how: Retirement::Delete,
                ..
            } => "Delete this KEK, with all its versions?",
        }
    }

    /// The facts, one a line.
    #[must_use]
    pub fn facts(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<11}{value}");
        };
        line("Vault", &foreign(&self.vault.url()));
        match &self.action {
            VaultAction::Read => {}
            VaultAction::CreateKek {
                name,
                bits,
                expires,
            } => {
                line(
                    "New KEK",
                    &format!("{} (RSA-HSM {})", foreign(name), bits.bits()),
                );
                if let Some(expires) = expires {
                    line("Expires", &moment::text(*expires));
                }
            }
            VaultAction::Import(import) => import.tell(&mut line),
            VaultAction::RetireKek { kid, .. } => line("KEK", &foreign(kid)),
        }
        line("Sign-in", &foreign(&self.signed_in));
        line("Asked by", asker(self.asked_by));
        for warning in self.warnings() {
            line("Warning", warning);
        }
        text
    }

    fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        if self.vault.is_practice() {
            warnings.push("practice only: this vault runs on this machine and is not Azure");
        }
        if let VaultAction::Import(import) = &self.action
            && import.plan.is_exportable()
        {
            warnings.push("exportable: under its policy this key can leave the vault again");
        }
        warnings
    }
}

impl ImportAction {
    fn tell(&self, line: &mut impl FnMut(&str, &str)) {
        if let Some(label) = &self.label {
            line("Key", &format!("{} ({})", foreign(label), self.target));
        }
        line("As", &format!("{} ({})", foreign(&self.name), self.target));
        line("File", &grouped(&self.file_sha256));
        line("For KEK", &foreign(&self.kek));
        let plan = &self.plan;
        let operations: Vec<&str> = plan
            .operations()
            .iter()
            .map(|operation| operation.name())
            .collect();
        line("May", &operations.join(" "));
        if !plan.tags().is_empty() {
            let tags: Vec<String> = plan
                .tags()
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            line(
                "Tags",
                &format!("{}: {}", tags.len(), foreign(&tags.join(", "))),
            );
        }
        if !plan.attributes().enabled {
            line("Starts", "disabled");
        }
        if let Some(seconds) = plan.attributes().not_before {
            line("Not before", &moment::text(seconds));
        }
        if let Some(seconds) = plan.attributes().expires {
            line("Expires", &moment::text(seconds));
        }
        if let Some(policy) = plan.release_policy() {
            line("Policy", &foreign(&String::from_utf8_lossy(policy)));
        }
    }
}

/// Leave to do one thing in one vault, once. Made only from the question that was answered; there is no way to
/// copy one.
#[derive(Debug)]
#[must_use = "an approval that is not used approves nothing"]
pub struct VaultApproval {
    kind: ApprovalKind,
    vault: VaultAddress,
    action: VaultAction,
}

impl VaultApproval {
    /// The approval of exactly what `question` says.
    pub(super) fn of(question: &VaultQuestion, kind: ApprovalKind) -> Self {
        Self {
            kind,
            vault: question.vault.clone(),
            action: question.action.clone(),
        }
    }

    /// Uses the approval up for `action` in `vault`, and says how it was given.
    ///
    /// # Errors
    /// [`Error::ApprovalMismatch`] when it was given for anything else; it is gone all the same.
    pub fn consume(
        self,
        vault: &VaultAddress,
        action: &VaultAction,
    ) -> Result<ApprovalKind, Error> {
        if self.vault == *vault && self.action == *action {
            Ok(self.kind)
        } else {
            Err(Error::ApprovalMismatch)
        }
    }
}
