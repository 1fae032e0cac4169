//! The ledger on a PostgreSQL server.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use super::LedgerError;
use super::address::PostgresAddress;
use super::postgres_config::Connector;
use super::tx::{Dialect, Row, Trouble, Tx, Value};

/// How long a server that is away is waited for: a restart with recovery takes less.
const PATIENCE: Duration = Duration::from_secs(120);

/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// How long one statement may go without an answer. A claim or a group takes milliseconds.
const ANSWER: Duration = Duration::from_secs(60);

/// Has the server end a session of ours that stands still within a transaction, and so lets go of what it locked: a
/// machine that sleeps must not hold up the others. Milliseconds; shorter than [`ANSWER`].
const STANDING_STILL: &str = "SET idle_in_transaction_session_timeout TO 15000";

/// How many statements are on their way at once.
const PIPELINE: usize = 256;

/// A connection, made anew when it breaks; clones share it.
#[derive(Clone)]
pub(super) struct Postgres {
    connector: Arc<Connector>,
    line: Arc<Mutex<Option<Line>>>,
}

/// What one connection has.
struct Line {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Postgres {
    /// Connects once, without patience: a wrong address is told at once.
    pub(super) async fn connect(address: &PostgresAddress) -> Result<Self, LedgerError> {
        let connector = Connector::new(address)?;
        let line =
            connect(&connector)
                .await
                .map_err(|trouble| match trouble.told(connector.place()) {
                    LedgerError::Unwritable { place, reason } => {
                        LedgerError::Unusable { place, reason }
                    }
                    other => other,
                })?;
        Ok(Self {
            connector: Arc::new(connector),
            line: Arc::new(Mutex::new(Some(line))),
        })
    }

    /// Runs a script in a transaction; over a connection that broke, again, for as long as a server is waited for.
    pub(super) async fn transact<R: Send + 'static>(
        &self,
        mut script: impl Fn(&mut dyn Tx) -> Result<R, Trouble> + Send + 'static,
    ) -> Result<R, Trouble> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let guard = Arc::clone(&self.line).lock_owned().await;
            let (given_back, result) = self.attempt(guard, script).await?;
            script = given_back;
            let reason = match result {
                Err(Trouble::Again(reason)) => reason,
                other => return other,
            };
            if begun.elapsed() + pause > PATIENCE {
                return Err(LedgerError::Unreachable {
                    place: self.connector.place().to_owned(),
                    seconds: begun.elapsed().as_secs(),
                    reason,
                }
                .into());
            }
            tracing::warn!(reason, "the ledger's server is asked again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
    }

    /// One try. The script is sync and waits for each answer, so it runs where waiting is allowed.
    async fn attempt<R: Send + 'static, S>(
        &self,
        mut guard: OwnedMutexGuard<Option<Line>>,
        script: S,
    ) -> Result<(S, Result<R, Trouble>), Trouble>
    where
        S: Fn(&mut dyn Tx) -> Result<R, Trouble> + Send + 'static,
    {
        let line = match guard.take() {
            Some(line) => line,
            None => match connect(&self.connector).await {
                Ok(line) => line,
                Err(trouble) => return Ok((script, Err(trouble))),
            },
        };
        let handle = Handle::current();
        let done = tokio::task::spawn_blocking(move || {
            let mut open = Open { line, handle };
            let result = open.whole(&script);
            // A connection of which it is not known where it stands is not used again.
            if !matches!(result, Err(Trouble::Again(_))) {
                *guard = Some(open.line);
            }
            (script, result)
        });
        done.await
            .map_err(|error| Trouble::Failed(error.to_string()))
    }
}

async fn connect(connector: &Connector) -> Result<Line, Trouble> {
    let client = connector.connect().await.map_err(|error| trouble(&error))?;
    match tokio::time::timeout(ANSWER, client.batch_execute(STANDING_STILL)).await {
        Ok(set) => set.map_err(|error| trouble(&error))?,
        Err(_) => return Err(Trouble::Again("the server does not answer".to_owned())),
    }
    Ok(Line {
        client,
        statements: HashMap::new(),
    })
}

struct Open {
    line: Line,
    handle: Handle,
}

impl Open {
    fn whole<R>(
        &mut self,
        script: &dyn Fn(&mut dyn Tx) -> Result<R, Trouble>,
    ) -> Result<R, Trouble> {
        self.command("BEGIN")?;
        match script(self) {
            Ok(result) => {
                self.command("COMMIT")?;
                Ok(result)
            }
            Err(Trouble::Again(reason)) => Err(Trouble::Again(reason)),
            Err(other) => {
                self.command("ROLLBACK")?;
                Err(other)
            }
        }
    }

    fn command(&mut self, sql: &str) -> Result<(), Trouble> {
        answer(&self.handle, self.line.client.batch_execute(sql))
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, Trouble> {
        if let Some(statement) = self.line.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = answer(&self.handle, self.line.client.prepare(sql))?;
        self.line
            .statements
            .insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Tx for Open {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Trouble> {
        let statement = self.statement(sql)?;
        answer(
            &self.handle,
            self.line.client.execute(&statement, &parameters(values)),
        )
    }

    fn run_each(&mut self, sql: &str, sets: &[Vec<Value>]) -> Result<Vec<u64>, Trouble> {
        let statement = self.statement(sql)?;
        let client = &self.line.client;
        let mut changed = Vec::with_capacity(sets.len());
        for chunk in sets.chunks(PIPELINE) {
            let sets: Vec<_> = chunk.iter().map(|set| parameters(set)).collect();
            let running = sets.iter().map(|set| client.execute(&statement, set));
            changed.extend(answer(&self.handle, try_join_all(running))?);
        }
        Ok(changed)
    }

    fn read(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Trouble> {
        let statement = self.statement(sql)?;
        let rows = answer(
            &self.handle,
            self.line.client.query(&statement, &parameters(values)),
        )?;
        rows.iter().map(row).collect()
    }
}

/// Waits for an answer, within its bound.
fn answer<T>(
    handle: &Handle,
    call: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Trouble> {
    handle.block_on(async {
        match tokio::time::timeout(ANSWER, call).await {
            Ok(result) => result.map_err(|error| trouble(&error)),
            Err(_) => Err(Trouble::Again("a statement got no answer".to_owned())),
        }
    })
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    const NULL: &Option<String> = &None;
    values
        .iter()
        .map(|value| -> &(dyn ToSql + Sync) {
            match value {
                Value::Null => NULL,
                Value::Int(number) => number,
                Value::Text(text) => text,
            }
        })
        .collect()
}

fn row(row: &tokio_postgres::Row) -> Result<Row, Trouble> {
    let cells = row.columns().iter().enumerate().map(|(index, column)| {
        let cell = match *column.type_() {
            Type::INT8 => row
                .try_get::<_, Option<i64>>(index)
                .map(|cell| cell.map(Value::Int)),
            _ => row
                .try_get::<_, Option<String>>(index)
                .map(|cell| cell.map(Value::Text)),
        };
        cell.map(|cell| cell.unwrap_or(Value::Null))
            .map_err(|error| trouble(&error))
    });
    cells.collect::<Result<_, _>>().map(Row)
}

/// What an error means. The server's own words hold no password: it never sends one.
fn trouble(error: &tokio_postgres::Error) -> Trouble {
    let Some(said) = error.as_db_error() else {
        // Not the server's word, so the connection's: refused, reset, closed.
        let cause = std::error::Error::source(error).map(ToString::to_string);
        return Trouble::Again(cause.unwrap_or_else(|| error.to_string()));
    };
    let passing = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    let reason = keyferry_core::visible(said.message());
    if passing.contains(said.code()) || said.code().code().starts_with("08") {
        Trouble::Again(reason)
    } else {
        Trouble::Failed(reason)
    }
}
