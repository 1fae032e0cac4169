//! What page and bridge say to each other about many keys. The page names keys, a KEK and what is wanted of the new
//! keys; never a ledger, a folder, a tenant or a credential.

use super::Reason;
use crate::{ErrorBody, KeyOperation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Body of `POST /v1/plans`: many keys to one KEK. Answered by a [`PlanAnswer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct PlanOrder {
    /// The KEK's document as it was examined, base64.
    pub kek: String,
    /// The key identifier that was given beside it.
    pub kid: Option<String>,
    /// The thumbprint that the page showed: 64 hexadecimal digits.
    pub kek_thumbprint_sha256: String,
    /// The file of the KEK's attestation, base64.
    pub attestation: Option<String>,
    /// The keys, each once.
    pub keys: Vec<PlannedKey>,
    /// The name that each gets in the vault: text with `{label}` or `{id}` in it.
    pub name: String,
    /// What each may be used for; null means all that its kind can do.
    pub operations: Option<Vec<KeyOperation>>,
    /// Tags of each.
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, string>"))]
    pub tags: BTreeMap<String, String>,
}

/// A key of the token, by what tells it from the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct PlannedKey {
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, lower-case hexadecimal.
    pub id: String,
}

/// A plan: what would travel and what would not. Nothing was touched to make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct PlanAnswer {
    /// SHA-256 of the whole plan, 64 hexadecimal digits: what the native question shows, and what its answer is
    /// bound to.
    pub hash: String,
    /// The vault's address.
    pub vault: String,
    /// What would travel, in order.
    pub goes: Vec<PlanGoes>,
    /// What would not, and why.
    pub stays: Vec<PlanStays>,
}

/// A key that would travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct PlanGoes {
    /// Its number in the plan, from 1.
    pub number: u32,
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, lower-case hexadecimal.
    pub id: String,
    /// What it is.
    pub kind: String,
    /// Its name in the vault.
    pub name: String,
}

/// A key that would not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct PlanStays {
    /// The number that reasons call it by.
    pub line: u32,
    /// Which one: its label, or what was asked for when there is none.
    pub label: String,
    /// `CKA_ID`, lower-case hexadecimal.
    pub id: Option<String>,
    /// The name that it would have had.
    pub name: Option<String>,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
}

/// How far a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum PlanState {
    /// Nothing was done, or nothing is being done: it can be run.
    Ready,
    /// KEK and token are examined; a PIN may be asked for.
    Preparing,
    /// A person is asked, for the whole plan.
    Approving,
    /// The policy wants a second person, who is asked now.
    SecondApproving,
    /// Keys are being wrapped.
    Running,
    /// A stop was asked for: what is in flight is finished.
    Stopping,
    /// Every key came to its end.
    Done,
}

/// Body of `POST /v1/plans/HASH/run`: what is done with the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields, default)]
pub struct PlanRun {
    /// Whether each key is imported into the vault too, and verified there. Asked natively in the same question.
    pub import: bool,
}

/// Where a plan is: the answer of `GET /v1/plans/HASH`, and each line of the stream of `POST /v1/plans/HASH/run`,
/// whose last line has a state in which nothing is being done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct PlanStatus {
    /// The plan's hash.
    pub hash: String,
    /// How far it is.
    pub state: PlanState,
    /// The vault's address.
    pub vault: String,
    /// Keys in the plan.
    pub lines: u32,
    /// Whether the keys are imported, too: by this run, or by those that the plan was begun with.
    pub import: bool,
    /// How many of them are done: file, receipt and both records are on disk, and the key is in the vault where it
    /// is imported.
    pub done: u32,
    /// How many failed.
    pub failed: u32,
    /// How many came to their end in this run.
    pub here: u32,
    /// How long this run has been wrapping, in milliseconds.
    pub millis: u64,
    /// The folder of files, receipts and report, on the bridge's machine; null before there is one.
    pub folder: Option<String>,
    /// What the vault is being waited for, while it is.
    pub waiting: Option<String>,
    /// The first keys that failed in this run; told when nothing is being done.
    pub failures: Vec<PlanFailure>,
    /// Why the run ended before everything was done.
    pub error: Option<ErrorBody>,
}

/// A key that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct PlanFailure {
    /// Its number in the plan.
    pub number: u32,
    /// `CKA_LABEL`.
    pub label: String,
    /// Its name in the vault.
    pub name: String,
    /// Why.
    pub error: ErrorBody,
}

/// Answer of `GET /v1/plans`: the batches of this machine that the page ordered and that are not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct PlansAnswer {
    /// The newest first.
    pub plans: Vec<PlanStatus>,
}
