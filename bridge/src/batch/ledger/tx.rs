//! A transaction as the scripts see it: statements in, rows out. The scripts know no database.
//!
//! Parameters are `$1`, `$2`, …, each appearing first in ascending order: PostgreSQL reads them as numbers, SQLite as
//! names that are numbered by their first appearance.

use super::LedgerError;

/// A parameter or a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

/// A row that was read.
#[derive(Debug)]
pub(super) struct Row(pub(super) Vec<Value>);

impl Row {
    pub(super) fn text(&self, column: usize) -> Result<&str, Trouble> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(Trouble::damaged("a text is missing")),
        }
    }

    pub(super) fn optional_text(&self, column: usize) -> Option<&str> {
        self.text(column).ok()
    }

    pub(super) fn int(&self, column: usize) -> Result<i64, Trouble> {
        match self.0.get(column) {
            Some(Value::Int(number)) => Ok(*number),
            _ => Err(Trouble::damaged("a number is missing")),
        }
    }

    pub(super) fn small(&self, column: usize) -> Result<u32, Trouble> {
        u32::try_from(self.int(column)?).map_err(|_| Trouble::damaged("a number is out of range"))
    }
}

/// Why a statement or a commit failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection is gone, or the transaction was the victim of another one: the whole may be done again.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "a file has no connection to lose")
    )]
    Again(String),
    /// Others hold the file.
    Busy,
    /// What is in the ledger does not fit together.
    Damaged(String),
    /// The database says no.
    Failed(String),
    /// The script says no; the transaction is undone.
    Refused(LedgerError),
}

impl Trouble {
    pub(super) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged(reason.into())
    }

    /// As people are told of it. A place holds no password.
    pub(super) fn told(self, place: &str) -> LedgerError {
        let place = place.to_owned();
        match self {
            Self::Again(reason) | Self::Failed(reason) => LedgerError::Unwritable { place, reason },
            Self::Busy => LedgerError::Busy { place },
            Self::Damaged(reason) => LedgerError::Damaged { place, reason },
            Self::Refused(error) => error,
        }
    }
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        Self::Refused(error)
    }
}

/// Which database it is, where that matters: nowhere but in these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "only a server speaks it")
    )]
    Postgres,
}

impl Dialect {
    /// What a claim adds, so that two at once take different lines and neither waits. SQLite has one writer at a time.
    pub(super) fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// How many of a ledger's tables are there. Asked before any is made: making one waits for all who write.
    pub(super) fn count_tables(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name LIKE 'keyferry_%'"
            }
            Self::Postgres => {
                "SELECT COUNT(*) FROM pg_catalog.pg_tables
                 WHERE schemaname = current_schema() AND tablename LIKE 'keyferry_%'"
            }
        }
    }

    /// Lets one connection at a time make tables: `IF NOT EXISTS` alone does not do that in PostgreSQL.
    pub(super) fn lock_tables(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(7308894327)"),
        }
    }

    /// Whether one ledger holds one plan only: a file lies in its plan's folder, a server serves many.
    pub(super) fn holds_one_plan(self) -> bool {
        self == Self::Sqlite
    }
}

/// An open transaction.
pub(super) trait Tx {
    fn dialect(&self) -> Dialect;

    /// Runs a statement; returns how many rows it changed.
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Trouble>;

    /// Runs a statement for each set of values; returns how many rows each changed.
    fn run_each(&mut self, sql: &str, sets: &[Vec<Value>]) -> Result<Vec<u64>, Trouble>;

    /// Runs a statement and reads all its rows.
    fn read(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Trouble>;
}
