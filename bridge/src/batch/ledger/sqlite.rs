//! The ledger in a SQLite file.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, Transaction, TransactionBehavior, params_from_iter};

use super::tx::{Dialect, Row, Trouble, Tx, Value};

/// How long others are waited for; longer than any transaction here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// KiB of the file that are kept in memory. A batch goes through its lines once: the pages of a few groups are enough.
const CACHE: i64 = 512;

/// Statements that are kept ready.
const STATEMENTS: usize = 32;

/// An open file.
pub(super) struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    /// Opens the file, made when absent. Every commit is on disk before it is answered (`synchronous = FULL`); the
    /// write-ahead log lets others read meanwhile.
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        private(path).map_err(|error| Trouble::Failed(error.to_string()))?;
        let connection = Connection::open(path).map_err(trouble)?;
        connection.busy_timeout(PATIENCE).map_err(trouble)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let mode: String = connection
            .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
            .map_err(trouble)?;
        if mode != "wal" {
            return Err(Trouble::Failed(format!(
                "the file system takes no write-ahead log (journal_mode is {mode})"
            )));
        }
        for (name, value) in [("synchronous", "full"), ("foreign_keys", "on")] {
            connection
                .pragma_update(None, name, value)
                .map_err(trouble)?;
        }
        connection
            .pragma_update(None, "cache_size", -CACHE)
            .map_err(trouble)?;
        Ok(Self { connection })
    }

    /// Runs a script in a transaction. It takes the file's one write lock at its begin, so that it never has to be
    /// undone because of what others wrote.
    pub(super) fn transact<R>(
        &mut self,
        script: &dyn Fn(&mut dyn Tx) -> Result<R, Trouble>,
    ) -> Result<R, Trouble> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(trouble)?;
        let mut open = Open { transaction };
        // An error drops the transaction, which undoes it.
        let result = script(&mut open)?;
        open.transaction.commit().map_err(trouble)?;
        Ok(result)
    }
}

struct Open<'a> {
    transaction: Transaction<'a>,
}

impl Tx for Open<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Trouble> {
        let mut statement = self.transaction.prepare_cached(sql).map_err(trouble)?;
        let changed = statement
            .execute(params_from_iter(values))
            .map_err(trouble)?;
        Ok(changed as u64)
    }

    fn run_each(&mut self, sql: &str, sets: &[Vec<Value>]) -> Result<Vec<u64>, Trouble> {
        let mut statement = self.transaction.prepare_cached(sql).map_err(trouble)?;
        let mut run = |set: &Vec<Value>| statement.execute(params_from_iter(set)).map_err(trouble);
        sets.iter()
            .map(|set| run(set).map(|changed| changed as u64))
            .collect()
    }

    fn read(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Trouble> {
        let mut statement = self.transaction.prepare_cached(sql).map_err(trouble)?;
        let columns = statement.column_count();
        let rows = statement
            .query_map(params_from_iter(values), |row| {
                (0..columns)
                    .map(|column| Ok(cell(row.get_ref(column)?)))
                    .collect::<Result<Vec<_>, rusqlite::Error>>()
            })
            .map_err(trouble)?;
        rows.map(|row| row.map(Row).map_err(trouble)).collect()
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn cell(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Value::Null,
    }
}

fn trouble(error: rusqlite::Error) -> Trouble {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Trouble::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Trouble::Damaged(error.to_string())
        }
        _ => Trouble::Failed(error.to_string()),
    }
}

/// Makes the file, readable by its owner only; SQLite gives its companions the same rights.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}
