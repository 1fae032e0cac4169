//! Several bridges on one plan, by a ledger on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::mpsc;
use std::time::Duration;

use keyferry_tests::many_keys::{ALL, ManyKeys, text};
use keyferry_tests::{Kek, PostgresServer, WholeBatch};
use serde_json::Value;

/// Each wrap takes a while, so that no bridge is done before the other has begun.
const SLOW: &str = "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntakes = 50";

/// A batch that runs, and what it tells.
struct Running {
    child: Child,
    lines: mpsc::Receiver<Value>,
}

impl Running {
    fn start(keys: &ManyKeys, arguments: &[String]) -> Self {
        let mut child = keys.start(arguments);
        let output = BufReader::new(child.stdout.take().unwrap());
        let (told, lines) = mpsc::channel();
        // Read all the time: a full pipe would hold the bridge up.
        std::thread::spawn(move || {
            for line in output.lines() {
                let _ = told.send(serde_json::from_str(&line.unwrap()).unwrap());
            }
        });
        Self { child, lines }
    }

    fn next(&self) -> Value {
        let waited = self.lines.recv_timeout(Duration::from_secs(90));
        waited.expect("it tells of nothing more")
    }

    /// Waits until `count` more keys are done.
    fn until_done(&self, count: usize) {
        let mut done = 0;
        while done < count {
            let line = self.next();
            assert_ne!(line["event"], "ended", "{line}");
            done += usize::from(line["end"] == "done");
        }
    }

    /// Waits for its end: the last line, and the exit code.
    fn end(mut self) -> (Value, Option<i32>) {
        let mut last = Value::Null;
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(120)) {
            last = line;
        }
        (last, self.child.wait().unwrap().code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_bridges_share_a_plan_at_once_and_one_takes_up_what_the_other_held_when_it_was_killed() {
    let server = PostgresServer::start();
    let url = server.database("batch");
    // Each with a token of its own, copies of one, and with its own folder, record and people.
    let (one, two) = (ManyKeys::simulated(SLOW), ManyKeys::simulated(SLOW));
    let kek = Kek::shared(2048);
    let manifest = one.manifest(kek);
    let first = Running::start(
        &one,
        &one.arguments(&manifest, &["--yes", "--ledger", &url]),
    );
    let begun = first.next();
    let hash = begun["plan"].as_str().unwrap();
    let resume = [
        "batch",
        "--resume",
        hash,
        "--out",
        &text(&two.out()),
        "--ledger",
        &url,
    ];
    let resume: Vec<String> = resume.map(str::to_owned).to_vec();
    let yes = [&resume[..], &["--yes".to_owned()]].concat();
    let second = Running::start(&two, &yes);
    // Both are at it.
    second.until_done(4);
    first.until_done(1);
    drop(first);

    let (last, code) = second.end();
    assert_eq!(code, Some(0), "{last}");
    assert_eq!(last["counts"]["done"], ALL, "{last}");
    // What the first one left has nothing more to do, and its report is the same.
    let again = one.resume(&["--ledger", &url]);
    assert_eq!(again.code, Some(0), "{}", again.all());
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
