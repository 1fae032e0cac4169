//! Several bridges on one plan, by a ledger on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use keyferry_tests::many_keys::{ALL, ManyKeys, text};
use keyferry_tests::running_batch::RunningBatch;
use keyferry_tests::{FakeClock, Kek, PostgresServer, WholeBatch, processes};

/// Each wrap takes a while, so that no bridge is done before the other has begun.
const SLOW: &str = "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntakes = 50";

/// The same of one that is to have lines left however long the other takes to begin.
const SLOWER: &str = "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntakes = 200";

#[test]
fn two_bridges_share_a_plan_at_once_and_one_takes_up_what_the_other_held_when_it_was_killed() {
    let server = PostgresServer::start();
    let url = server.database("batch");
    // Each with a token of its own, copies of one, and with its own folder, record and people.
    let (one, mut two) = (ManyKeys::simulated(SLOWER), ManyKeys::simulated(SLOW));
    let clock = FakeClock::new();
    two.desk = clock.of(two.desk);
    let kek = Kek::shared(2048);
    let manifest = one.manifest(kek);
    let first = RunningBatch::start(
        &one,
        &one.arguments(&manifest, &["--yes", "--ledger", &url]),
    );
    let begun = first.next();
    let hash = begun["plan"].as_str().unwrap();
    let second = RunningBatch::start(&two, &joining(&two, hash, &url));
    // Both are at it.
    second.until_done(4);
    first.until_done(4);
    drop(first);
    // A clock that is set back keeps no dead bridge's claims.
    nothing_is_left_but_claims(&server);
    clock.set(-1);

    let (last, code) = second.end();
    assert_eq!(code, Some(0), "{last}");
    assert_eq!(last["counts"]["done"], ALL, "{last}");
    // What the first one left has nothing more to do, and its report is the same.
    let again = one.resume(&["--ledger", &url]);
    assert_eq!(again.code, Some(0), "{}", again.all());
    // Killed between a line of its record and the head that names it, it settles that before its next line.
    let _ = one.desk.json(["keys"]).success();
    let done = WholeBatch::by(&[&two, &one], kek).check();
    assert!(done.iter().all(|bridge| bridge.len() >= 4), "{done:?}");
    assert_eq!(last["done"], done[0].len(), "{last}");
    let report = two.report();
    let lines = report["lines"].as_array().unwrap();
    let taken_up = lines.iter().filter(|line| line["attempts"] == 2).count();
    assert!(taken_up > 0, "the killed one held nothing");
    // Both asked their own people.
    assert_eq!(report["approvals"].as_array().unwrap().len(), 2);
    for bridge in [&one, &two] {
        let record = bridge.record();
        assert_eq!(record.get("plan-intent intended"), Some(&1), "{record:?}");
    }
    assert_eq!(one.record().get("plan-outcome done"), None);
    assert_eq!(two.record().get("wrap-outcome done"), Some(&done[0].len()));
}

/// Goes on with a plan of the ledger in a folder of its own.
fn joining(keys: &ManyKeys, hash: &str, url: &str) -> Vec<String> {
    let out = text(&keys.out());
    let resume = [
        "batch", "--resume", hash, "--out", &out, "--ledger", url, "--yes",
    ];
    resume.map(str::to_owned).to_vec()
}

/// Waits until all lines are done or claimed, and those who wait have looked at those who hold them.
fn nothing_is_left_but_claims(server: &PostgresServer) {
    let free = "SELECT count(*) FROM keyferry_line WHERE seat IS NULL AND step < 4";
    processes::wait_for("the last claim", || {
        (server.ask("batch", free) == "0").then_some(())
    });
    // They look twice a second.
    std::thread::sleep(Duration::from_secs(2));
}

#[test]
fn clocks_that_are_set_apart_free_no_live_bridges_lines() {
    let server = PostgresServer::start();
    let url = server.database("batch");
    let (mut slow, mut fast) = (ManyKeys::simulated(SLOWER), ManyKeys::new());
    let clocks = [FakeClock::new(), FakeClock::new()];
    slow.desk = clocks[0].of(slow.desk);
    fast.desk = clocks[1].of(fast.desk);
    let kek = Kek::shared(2048);
    let manifest = slow.manifest(kek);
    let first = RunningBatch::start(
        &slow,
        &slow.arguments(&manifest, &["--yes", "--ledger", &url]),
    );
    let begun = first.next();
    let hash = begun["plan"].as_str().unwrap();
    let second = RunningBatch::start(&fast, &joining(&fast, hash, &url));
    second.until_done(1);
    // One stands still for some seconds and holds lines; by the other's clock these are a day.
    first.signal("STOP");
    nothing_is_left_but_claims(&server);
    clocks[0].set(-1);
    clocks[1].set(1);
    std::thread::sleep(Duration::from_secs(2));
    clocks[1].set(-1);
    first.signal("CONT");
    let ends = [first.end(), second.end()];
    for (last, code) in &ends {
        assert_eq!(*code, Some(0), "{last}");
    }
    for bridge in [&slow, &fast] {
        let again = bridge.resume(&["--ledger", &url]);
        assert_eq!(again.code, Some(0), "{}", again.all());
    }
    let done = WholeBatch::by(&[&slow, &fast], kek).check();
    for ((last, _), done) in ends.iter().zip(&done) {
        assert!(!done.is_empty(), "{last}");
        assert_eq!(last["done"], done.len(), "{last}");
    }
    let report = fast.report();
    let lines = report["lines"].as_array().unwrap();
    assert!(lines.iter().all(|line| line["attempts"] == 1), "{report}");
}

#[test]
fn a_server_that_stops_and_starts_again_in_the_middle_costs_nothing() {
    let server = PostgresServer::start();
    let url = server.database("batch");
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(4096));
    let mut child = keys.start(&keys.arguments(&manifest, &["--yes", "--ledger", &url]));
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"line\"") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended");
    }
    server.stop();
    std::thread::sleep(Duration::from_secs(2));
    server.resume();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut lines, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest}");
    let report = keys.report();
    assert_eq!(report["counts"]["done"], ALL);
    assert_eq!(keys.record().get("wrap-outcome done"), Some(&ALL));
}
