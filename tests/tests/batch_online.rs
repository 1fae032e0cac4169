//! `batch --import` against a practice vault in a process of its own, with its faults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

use keyferry_tests::ManyKeys;
use keyferry_tests::many_keys::{ALL, told};
use keyferry_tests::practice_vault::{PracticeVault, signal};
use serde_json::Value;

/// Many keys, and a practice vault with a KEK that runs on the same state folder.
struct Office {
    keys: ManyKeys,
    vault: PracticeVault,
    manifest: PathBuf,
}

impl Office {
    fn new(faults: &[&str]) -> Self {
        let keys = ManyKeys::new();
        let vault = PracticeVault::start(&keys.desk, faults);
        let url = format!("https://{}", vault.authority());
        let create = ["vault", "kek", "create", "--vault", &url, "--name", "KEK"];
        let kek = keys.desk.json([&create[..], &["--size", "2048"]].concat());
        let kek = kek.success();
        let manifest = keys.manifest_of_vault(&url, kek["kid"].as_str().unwrap());
        Self {
            keys,
            vault,
            manifest,
        }
    }

    fn with_fault(faults: &str) -> Self {
        Self::new(&["--fault", faults])
    }

    /// How many versions the vault has of each key of the report.
    fn versions(&self) -> Vec<usize> {
        let report = self.keys.report();
        let lines = report["lines"].as_array().unwrap().clone();
        lines
            .iter()
            .map(|line| {
                let name = line["name"].as_str().unwrap();
                let path = format!("/keys/{name}/versions");
                let answer = self.vault.get(&path).unwrap();
                let (_, body) = answer.split_once("\r\n\r\n").unwrap();
                let list: Value = serde_json::from_str(body).unwrap();
                list["value"].as_array().map_or(0, Vec::len)
            })
            .collect()
    }

    fn assert_each_once(&self) {
        assert_eq!(self.versions(), vec![1; ALL]);
    }
}

#[test]
fn every_key_is_imported_once_verified_and_in_its_receipt() {
    let office = Office::new(&[]);
    let answer = office.keys.batch(&office.manifest, &["--yes", "--import"]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    let (lines, last) = told(&answer);
    assert_eq!(last["counts"]["done"], ALL);
    let done = lines.iter().filter(|line| line["end"] == "done");
    for line in done {
        let name = line["file"]
            .as_str()
            .unwrap()
            .replace(".byok", ".receipt.json");
        let receipt = std::fs::read(office.keys.out().join(name)).unwrap();
        let receipt: Value = serde_json::from_slice(&receipt).unwrap();
        assert_eq!(receipt["import"]["kid"], line["imported"]);
        let equal = &receipt["import"]["verification"]["public_key"];
        let is_aes = line["kind"] == "AES-256";
        assert_eq!(equal, if is_aes { "none-to-see" } else { "equal" });
    }
    let record = office.keys.record();
    for event in [
        "import-intent intended",
        "import-outcome done",
        "verify done",
    ] {
        assert_eq!(record.get(event), Some(&ALL), "{event}: {record:?}");
    }
    office.assert_each_once();
}

#[test]
fn a_batch_that_is_killed_while_it_imports_imports_no_key_twice() {
    let office = Office::new(&[]);
    let keys = &office.keys;
    let mut arguments = keys.arguments(&office.manifest, &["--yes", "--import"]);
    for round in 0..3 {
        let mut child = keys.start(&arguments);
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut imported = 0;
        // A different moment each time, with several imports in flight.
        while imported < 5 + 4 * round {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended");
            let told: Value = serde_json::from_str(&line).unwrap();
            imported += usize::from(told["end"] == "done");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // It was begun with its imports, and is gone on with them.
        arguments = keys.resume_arguments(&[]);
    }
    let answer = keys.resume(&[]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    assert_eq!(keys.report()["counts"]["done"], ALL);
    office.assert_each_once();
}

#[test]
fn what_was_wrapped_without_its_import_is_not_called_imported() {
    let office = Office::new(&[]);
    let keys = &office.keys;
    let mut child = keys.start(&keys.arguments(&office.manifest, &["--yes"]));
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"done\"") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended");
    }
    signal(&child, "INT");
    child.wait().unwrap();
    drop(lines);
    // In the middle, and at the end.
    for _ in 0..2 {
        let answer = keys.resume(&["--import", "--yes"]);
        assert_eq!(answer.refusal(1), "batch-not-imported");
        let answer = keys.resume(&[]);
        assert_eq!(answer.code, Some(0), "{}", answer.all());
    }
    assert_eq!(office.versions(), vec![0; ALL]);
}

#[test]
fn what_landed_without_an_answer_is_found_by_its_mark_and_not_sent_again() {
    let office = Office::with_fault("lost@import:6,429@import:2");
    let answer = office.keys.batch(&office.manifest, &["--yes", "--import"]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    office.assert_each_once();
}

#[test]
fn what_failed_at_the_vault_is_imported_by_going_on_and_nothing_is_wrapped_again() {
    let office = Office::with_fault("gone@import:2");
    let keys = &office.keys;
    let answer = keys.batch(&office.manifest, &["--yes", "--import"]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let (_, last) = told(&answer);
    assert_eq!(last["counts"]["failed"], 2, "{last}");
    let answer = keys.resume(&["--import"]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    assert_eq!(keys.record().get("wrap-outcome done"), Some(&ALL));
    office.assert_each_once();
}

#[test]
fn a_vault_that_lets_nobody_in_stops_the_run_and_costs_few_keys() {
    let office = Office::with_fault("403-rbac@import:always");
    let keys = &office.keys;
    let more = ["--yes", "--import", "--role-wait", "0"];
    let answer = keys.batch(&office.manifest, &more);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let (_, last) = told(&answer);
    assert_eq!(last["stopped"]["code"], "vault-no-role", "{last}");
    let failed = last["counts"]["failed"].as_u64().unwrap();
    assert!((3..20).contains(&failed), "{last}");
    assert_eq!(last["counts"]["done"], 0);
}
