//! Several bridges, as processes, on one plan; some of them killed, and one stopped until its lease is over.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyferry::batch::ledger::{Counts, Ledger, LedgerPlace, Step};
use keyferry_tests::PostgresServer;
use tempfile::TempDir;

#[path = "batch_ledger/plan.rs"]
mod plan;

const LINES: u32 = 240;
const LEASE_MS: &str = "1500";

/// A recorded plan, and where its bridges work.
struct Migration {
    address: String,
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Migration {
    fn new(address: impl FnOnce(&Path) -> String) -> Self {
        let folder = TempDir::new().unwrap();
        let address = address(folder.path());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let migration = Self {
            address,
            folder,
            runtime,
        };
        let record = async {
            let ledger = migration.ledger().await;
            ledger.record_plan(&plan::plan(LINES)).await.unwrap();
        };
        migration.runtime.block_on(record);
        migration
    }

    async fn ledger(&self) -> Ledger {
        let place: LedgerPlace = self.address.parse().unwrap();
        Ledger::open(&place).await.unwrap()
    }

    fn vault(&self) -> PathBuf {
        self.folder.path().join("vault")
    }

    fn bridge(&self, name: &str) -> Bridge {
        let child = Command::new(env!("CARGO_BIN_EXE_ledger_bridge"))
            .arg(&self.address)
            .arg(self.folder.path().join(name))
            .arg(self.vault())
            .arg(LEASE_MS)
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Bridge(child)
    }

    fn counts(&self) -> Counts {
        let hash = plan::plan(LINES).hash();
        self.runtime
            .block_on(async { self.ledger().await.counts(hash).await.unwrap() })
    }

    /// Waits until this many lines are done.
    fn wait_for(&self, done: u32) {
        let until = Instant::now() + Duration::from_secs(120);
        while self.counts().done < done {
            assert!(Instant::now() < until, "{:?}", self.counts());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Nothing lost, nothing double: in the ledger and in what plays the vault.
    fn check(&self) {
        let counts = self.counts();
        assert_eq!((counts.done, counts.held, counts.open), (LINES, 0, 0));
        let text = std::fs::read_to_string(self.vault()).unwrap();
        let mut imported: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
        imported.sort_unstable();
        assert_eq!(imported, (1..=LINES).collect::<Vec<_>>());
        let rows = async {
            let ledger = self.ledger().await;
            let hash = plan::plan(LINES).hash();
            ledger.rows(hash, Some(Step::Done), 0, LINES).await.unwrap()
        };
        let rows = self.runtime.block_on(rows);
        let again = rows.iter().filter(|row| row.attempts > 1).count();
        assert!(again > 0, "nobody took up what the dead had claimed");
    }
}

/// A bridge's process; killed with this value.
struct Bridge(Child);

impl Bridge {
    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn ends_well(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Three bridges, one after the other killed; the folder of one is taken up again, the claims of the others wait for
/// their lease.
fn killed(migration: &Migration) {
    let names = ["one", "two", "three"];
    let [one, two, three] = names.map(|name| migration.bridge(name));
    migration.wait_for(LINES / 8);
    one.kill();
    migration.wait_for(LINES / 4);
    two.kill();
    let again = migration.bridge("two");
    migration.wait_for(LINES / 2);
    again.kill();
    three.ends_well();
    migration.check();
}

#[test]
fn bridges_on_a_file_are_killed_and_nothing_is_lost_or_double() {
    let file = |folder: &Path| folder.join("ledger.sqlite").to_str().unwrap().to_owned();
    killed(&Migration::new(file));
}

#[test]
fn bridges_on_a_server_are_killed_and_nothing_is_lost_or_double() {
    let server = PostgresServer::start();
    killed(&Migration::new(|_| server.database("bridges")));
}

#[test]
fn a_bridge_that_was_stopped_beyond_its_lease_ends_instead_of_going_on() {
    let server = PostgresServer::start();
    let migration = Migration::new(|_| server.database("stopped"));
    let mut asleep = migration.bridge("asleep");
    migration.wait_for(LINES / 8);
    // It stands still while it holds lines: between two claims it holds none for a moment.
    loop {
        asleep.signal("-STOP");
        std::thread::sleep(Duration::from_millis(300));
        if migration.counts().held > 0 {
            break;
        }
        asleep.signal("-CONT");
        std::thread::sleep(Duration::from_millis(30));
    }
    let other = migration.bridge("other");
    other.ends_well();
    asleep.signal("-CONT");
    assert!(
        !asleep.0.wait().unwrap().success(),
        "it went on with lines that were not its own"
    );
    migration.check();
}

#[test]
fn a_second_process_on_one_folder_is_told_who_has_it() {
    let migration = Migration::new(|folder| {
        let path = folder.join("ledger.sqlite");
        path.to_str().unwrap().to_owned()
    });
    let first = migration.bridge("shared");
    migration.wait_for(1);
    let second = keyferry::batch::ledger::Hold::take(&migration.folder.path().join("shared"));
    let error = second.unwrap_err();
    assert_eq!(error.code(), "batch-folder-held");
    let told = error.to_string();
    assert!(
        told.contains(&format!("process {} on ", first.0.id())),
        "{told}"
    );
    first.kill();
    let folder = migration.folder.path().join("shared");
    assert!(keyferry::batch::ledger::Hold::take(&folder).is_ok());
}
