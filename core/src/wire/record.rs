//! What the page asks of the record.

use crate::{AuditEvent, AuditLine, AuditVerdict, Outcome};
use serde::{Deserialize, Serialize};

/// Which lines the page wants to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct RecordQuery {
    /// A text anywhere in the line, whatever its case; null for all.
    pub text: Option<String>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
    /// Only this event.
    pub event: Option<AuditEvent>,
    /// Only lines before this number: how to go on after the last that was shown.
    pub before: Option<u64>,
    /// How many at most; the bridge gives no more than 500.
    pub most: u32,
}

/// Lines of the record, and whether the whole of it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct RecordAnswer {
    /// The newest first.
    pub lines: Vec<AuditLine>,
    /// How many lines there are that are asked for, those that are not shown included.
    pub matching: u64,
    /// The verdict on the whole record.
    pub verdict: AuditVerdict,
}

/// The line that is to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct RecordPageQuery {
    /// Its number.
    pub seq: u64,
}

/// A page to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct RecordPage {
    /// Name for the file.
    pub name: String,
    /// A whole HTML document.
    pub html: String,
}
