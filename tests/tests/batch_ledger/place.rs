//! Where a case's ledger is.

use std::future::Future;
use std::process::Command;
use std::sync::OnceLock;

use keyferry::batch::ledger::{Hold, Ledger, LedgerError, LedgerPlace};
use keyferry::batch::plan::{
    Asked, Plan, PlanHeader, PlanKey, PlanLine, PlanToken, PlanVault, PlanWishes,
};
use keyferry_core::TargetKind;
use keyferry_tests::{PostgresServer, tool};
use tempfile::TempDir;

/// A ledger's place, and a folder for what lies beside it.
pub struct Place {
    address: LedgerPlace,
    folder: TempDir,
    database: Option<(&'static PostgresServer, String)>,
}

impl Place {
    pub fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            address: LedgerPlace::File(folder.path().join("ledger.sqlite")),
            folder,
            database: None,
        }
    }

    /// A database of its own on the one server of this process.
    pub fn postgres(database: &str) -> Self {
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
    pub async fn connect(&self) -> Ledger {
        self.open().await.unwrap()
    }

    /// The same, which may be refused.
    pub async fn open(&self) -> Result<Ledger, LedgerError> {
        Ledger::open(&self.address).await
    }

    /// The hold of a bridge's own folder.
    pub fn hold(&self, name: &str) -> Hold {
        Hold::take(&self.folder.path().join(name)).unwrap()
    }

    /// Changes the ledger behind its back, by the database's own client.
    pub fn tamper(&self, sql: &str) {
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
pub fn run<F: Future<Output = ()>>(place: Place, case: impl FnOnce(Place) -> F) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(case(place));
}

/// A plan with `count` lines.
pub fn plan(count: u32) -> Plan {
    let vault = "https://contoso.vault.azure.net";
    let kid = format!("{vault}/keys/KEK/0123456789abcdef0123456789abcdef");
    let lines = (1..=count)
        .map(|number| PlanLine {
            number,
            manifest_line: number + 1,
            key: PlanKey {
                label: format!("tenant \"{number}\" ключ"),
                id: format!("{number:08x}"),
                kind: TargetKind::P256,
                spki_sha256: Some("ab".repeat(32)),
            },
            vault: vault.to_owned(),
            name: format!("tenant-{number}"),
            kid: kid.clone(),
            kek_thumbprint_sha256: "cd".repeat(32),
            asked: Asked::Once,
            wishes: PlanWishes {
                enabled: true,
                ..PlanWishes::default()
            },
        })
        .collect();
    let header = PlanHeader {
        plan_version: Plan::VERSION,
        token: PlanToken {
            label: "token".to_owned(),
            serial: "1".to_owned(),
            software: false,
        },
        vaults: vec![PlanVault {
            url: vault.to_owned(),
            kid,
            kek_thumbprint_sha256: "cd".repeat(32),
            kek_bits: 2048,
            kek: String::new(),
            attestation: None,
            lines: count,
        }],
        stays: Vec::new(),
    };
    Plan::of(header, lines).unwrap()
}
