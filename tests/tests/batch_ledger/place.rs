//! Where a case's ledger is.

use std::future::Future;
use std::process::Command;
use std::sync::OnceLock;

use keyferry::batch::ledger::{Hold, Ledger, LedgerError, LedgerPlace};
use keyferry_tests::{PostgresServer, tool};
use tempfile::TempDir;

/// A ledger's place, and a folder for what lies beside it.
pub(crate) struct Place {
    address: LedgerPlace,
    folder: TempDir,
    database: Option<(&'static PostgresServer, String)>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            address: LedgerPlace::File(folder.path().join("ledger.sqlite")),
            folder,
            database: None,
        }
    }

    /// A database of its own on the one server of this process.
    pub(crate) fn postgres(database: &str) -> Self {
        static SERVER: OnceLock<PostgresServer> = OnceLock::new();
        let server = SERVER.get_or_init(PostgresServer::start);
        // PostgreSQL cuts names at 63 bytes.
        let name: String = database.chars().take(60).collect();
        Self {
            address: server.database(&name).parse().unwrap(),
            folder: TempDir::new().unwrap(),
            database: Some((server, name)),
        }
    }

    /// A connection of its own.
    pub(crate) async fn connect(&self) -> Ledger {
        self.open().await.unwrap()
    }

    /// The same, which may be refused.
    pub(crate) async fn open(&self) -> Result<Ledger, LedgerError> {
        Ledger::open(&self.address).await
    }

    /// The hold of a bridge's own folder.
    pub(crate) fn hold(&self, name: &str) -> Hold {
        Hold::take(&self.folder.path().join(name)).unwrap()
    }

    /// Changes the ledger behind its back, by the database's own client.
    pub(crate) fn tamper(&self, sql: &str) {
        match (&self.database, &self.address) {
            (Some((server, name)), _) => drop(server.ask(name, sql)),
            (None, LedgerPlace::File(path)) => {
                let script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as c: c.execute(sys.argv[2])";
                let mut python = Command::new("python3");
                python.args(["-c", script]).arg(path).arg(sql);
                tool::run(&mut python, b"").unwrap();
            }
            (None, LedgerPlace::Postgres(_)) => panic!("no server to ask"),
        }
    }
}

/// Runs a case on threads of its own.
pub(crate) fn run<F: Future<Output = ()>>(place: Place, case: impl FnOnce(Place) -> F) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(case(place));
}
