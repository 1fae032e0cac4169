//! How far a line has come.

use serde::{Deserialize, Serialize};

use super::Detail;

/// A line's last durable step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Nothing is done that would have to be known. A wrap may have been begun: it is made anew.
    Planned,
    /// File and receipt are on disk, in the folder of whoever wrote this.
    Wrapped,
    /// The vault is being asked to import, or was: whoever goes on asks it first what it has.
    Importing,
    /// Everything is done and durable.
    Done,
    /// It ended without success.
    Failed,
}

impl Step {
    /// All, in their order.
    pub const ALL: [Self; 5] = [
        Self::Planned,
        Self::Wrapped,
        Self::Importing,
        Self::Done,
        Self::Failed,
    ];

    /// Whether nothing more is to be done.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }

    /// As it stands in the table: ends are 4 and more.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Planned => 0,
            Self::Wrapped => 1,
            Self::Importing => 2,
            Self::Done => 4,
            Self::Failed => 5,
        }
    }

    pub(super) fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.number() == number)
    }
}

/// How many lines are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// All lines of the plan.
    pub lines: u32,
    /// Not at an end, and held by nobody.
    pub open: u32,
    /// Not at an end, and held by somebody.
    pub held: u32,
    /// Done.
    pub done: u32,
    /// Failed.
    pub failed: u32,
}

impl Counts {
    /// Lines that are not at an end, whoever holds them.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.open + self.held
    }

    /// Lines for which a run that goes on would do something: also those that failed.
    #[must_use]
    pub fn not_done(&self) -> u32 {
        self.left() + self.failed
    }

    /// Whether every line is at an end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.done + self.failed == self.lines
    }
}

/// A line as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Its number in the plan.
    pub number: u32,
    /// Its last step.
    pub step: Step,
    /// The seat that holds it, or that ended it.
    pub seat: Option<String>,
    /// How often it was claimed.
    pub attempts: u32,
    /// What is known of it.
    pub detail: Detail,
}
