//! The lines of a plan: those that travel, and those that stay.

use keyferry_core::{Reason, TargetKind};
use serde::{Deserialize, Serialize};

use super::{PlanWishes, Shared, SpkiHash};

/// A key, as the token named it when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanKey {
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, lower-case hexadecimal.
    pub id: String,
    /// What it is.
    pub kind: TargetKind,
    /// Its public key's digest; null for AES and when unknown.
    pub spki_sha256: Option<SpkiHash>,
}

/// Whether a person is asked for this line beyond the approval of the whole plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// The approval of the plan covers it.
    Once,
    /// The policy lets it go without a question.
    Nobody,
    /// The policy asks for a second person, too.
    SecondPerson,
}

/// A key that would travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanLine {
    /// Its number in the plan, from 1.
    pub number: u32,
    /// The manifest's line that asked for it, from 1.
    pub manifest_line: u32,
    /// The key.
    pub key: PlanKey,
    /// The vault's address, `https://HOST[:PORT]`.
    pub vault: Shared<str>,
    /// The name that the key gets there.
    pub name: String,
    /// The KEK's identifier.
    pub kid: Shared<str>,
    /// The KEK's thumbprint, 64 lower-case hexadecimal digits.
    pub kek_thumbprint_sha256: Shared<str>,
    /// Who is asked.
    pub asked: Asked,
    /// What is asked of the new key.
    pub wishes: Shared<PlanWishes>,
}

/// What was asked for and does not travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    /// The manifest's line, from 1.
    pub manifest_line: u32,
    /// What the line names: a label, an id or a glob, foreign characters made visible.
    pub wanted: String,
    /// The key's label, when there is one key; with it, its id.
    pub label: Option<String>,
    /// The key's id.
    pub id: Option<String>,
    /// Where it was to go.
    pub vault: Option<String>,
    /// Under which name.
    pub name: Option<String>,
    /// Why it stays, the weightiest first.
    pub reasons: Vec<Reason>,
}
