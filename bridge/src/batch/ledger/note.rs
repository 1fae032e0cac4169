//! What the ledger keeps beside the steps: notes of results and of approvals.

use keyferry_core::{ApprovalKind, ErrorBody};
use serde::{Deserialize, Serialize};

/// What is known of a line. Every step replaces it whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// The file's name in the batch's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_sha256: Option<String>,
    /// The mark that the imported version bears (`keyferry-transfer`): by it a lost import is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The imported key's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported: Option<String>,
    /// The place of the outcome's line in the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}

/// That a plan was approved, for the report. Never itself a consent: whoever can write the ledger could write this,
/// so each bridge asks its own people, for the hash that it computed itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalNote {
    /// The bridge's host.
    pub host: String,
    /// Its process there: two bridges on one host may be allowed in the same second.
    #[serde(default)]
    pub pid: u32,
    /// How it was approved.
    pub kind: ApprovalKind,
    /// The second person, where the policy asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// Whether it is of the imports, too.
    #[serde(default)]
    pub imports: bool,
    /// When, RFC 3339.
    pub at: String,
}
