//! What is told of a run while it goes.

use keyferry_core::ErrorBody;
use serde::Serialize;

use crate::batch::plan::PlanLine;

/// One thing that happened. The command line prints it as a line of JSON; a page gets it as one.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum BatchEvent {
    /// The run has begun.
    Begun {
        /// The plan's hash.
        plan: String,
        /// How many keys it has.
        lines: u32,
        /// How many of them are left to do.
        left: u64,
        /// Where the files go.
        folder: String,
    },
    /// A key came to an end, or to the end of a stage.
    Line(LineReport),
}

/// What became of one key.
#[derive(Debug, Clone, Serialize)]
pub struct LineReport {
    /// Its number in the plan.
    pub number: u32,
    /// Its label (foreign text).
    pub label: String,
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: keyferry_core::TargetKind,
    /// Its vault.
    pub vault: String,
    /// Its name there.
    pub name: String,
    /// What became of it.
    pub end: LineEnd,
    /// Its key transfer file, from the batch's folder.
    pub file: Option<String>,
    /// The imported key's identifier.
    pub imported: Option<String>,
    /// Why it failed.
    pub error: Option<ErrorBody>,
}

/// How far a key came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineEnd {
    /// File and receipt are on disk; the import is to come.
    Wrapped,
    /// All that was asked for is done and durable.
    Done,
    /// It failed.
    Failed,
    /// The worker was lost while it had this key; it is made anew.
    Again,
}

impl LineReport {
    pub(crate) fn of(line: &PlanLine, end: LineEnd) -> Self {
        Self {
            number: line.number,
            label: line.key.label.clone(),
            id: line.key.id.clone(),
            kind: line.key.kind,
            vault: line.vault.to_string(),
            name: line.name.clone(),
            end,
            file: None,
            imported: None,
            error: None,
        }
    }
}
