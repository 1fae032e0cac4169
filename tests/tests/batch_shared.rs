//! Several bridges on one plan, by a ledger on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use keyferry_tests::many_keys::{ALL, ManyKeys, text, told};
use keyferry_tests::{Kek, PostgresServer};
use serde_json::Value;

#[test]
fn two_bridges_share_a_plan_and_one_takes_up_what_the_other_left_when_it_was_killed() {
    let server = PostgresServer::start();
    let url = server.database("batch");
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(2048));
    let first_arguments = keys.arguments(&manifest, &["--yes", "--ledger", &url]);
    let mut first = keys.start(&first_arguments);
    let mut lines = BufReader::new(first.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"done\"") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended");
    }
    first.kill().unwrap();
    first.wait().unwrap();

    // A second bridge, with its own folder, asks its own people.
    let second = keys.folder().join("second");
    let arguments = |more: &[&str]| {
        let out = text(&second);
        let resume = ["batch", "--resume", "--out", &out, "--ledger", &url];
        let all: Vec<String> = [&resume[..], more]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect();
        all
    };
    let answer = keys.desk.json(arguments(&["--yes"]));
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    let (_, last) = told(&answer);
    assert_eq!(last["counts"]["done"], ALL, "{last}");

    // Each key has one file that the ledger names, in one of the two folders.
    let report: Value =
        serde_json::from_slice(&std::fs::read(second.join("report.json")).unwrap()).unwrap();
    let mut named = BTreeSet::new();
    for line in report["lines"].as_array().unwrap() {
        let name = line["file"].as_str().unwrap();
        assert!(named.insert(name.to_owned()));
        let digest = line["file_sha256"].as_str().unwrap();
        let held = [keys.out(), second.clone()]
            .iter()
            .filter_map(|folder| std::fs::read(folder.join(name)).ok())
            .filter(|file| keyferry_tests::kek::sha256(file) == digest)
            .count();
        assert_eq!(held, 1, "{name}");
    }
    assert_eq!(named.len(), ALL);
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
