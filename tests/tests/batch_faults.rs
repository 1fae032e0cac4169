//! Batches that are stopped in every way there is: nothing is lost, nothing is done twice, and the report is true.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::time::Duration;

use keyferry_tests::many_keys::{ALL, ManyKeys, told};
use keyferry_tests::practice_vault::signal;
use keyferry_tests::{Answer, Kek, Onlooker, Terminal};
use serde_json::Value;

/// Reads lines of a running batch until `count` keys are done.
fn until_done(child: &mut Child, count: usize) -> BufReader<std::process::ChildStdout> {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut done = 0;
    let mut line = String::new();
    while done < count {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended");
        let told: Value = serde_json::from_str(&line).unwrap();
        done += usize::from(told["end"] == "done");
    }
    lines
}

/// Every file of the report is there, whole, and the one that it names; nothing else lies about.
fn assert_whole(keys: &ManyKeys) {
    let report = keys.report();
    let lines = report["lines"].as_array().unwrap();
    assert_eq!(lines.len(), ALL);
    let mut names = BTreeSet::new();
    for line in lines {
        assert_eq!(line["step"], "done", "{line}");
        let name = line["file"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name} twice");
        let file = fs::read(keys.out().join(name)).unwrap();
        let digest = keyferry_tests::kek::sha256(&file);
        assert_eq!(line["file_sha256"], digest.as_str());
    }
    for entry in fs::read_dir(keys.out()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".part"), "{name}");
    }
}

#[test]
fn a_batch_that_is_killed_again_and_again_ends_with_every_key_once() {
    // Slow enough that each run has keys left when it is killed.
    let keys = ManyKeys::simulated("title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntakes = 25");
    let manifest = keys.manifest(Kek::shared(2048));
    let mut arguments = keys.arguments(&manifest, &["--yes"]);
    for _ in 0..3 {
        let mut child = keys.start(&arguments);
        // After its first keys, in the middle of others.
        let lines = until_done(&mut child, 1);
        child.kill().unwrap();
        child.wait().unwrap();
        drop(lines);
        arguments = keys.resume_arguments(&[]);
    }
    // The approval of the plan stands: it is of the same plan, on the same machine.
    let answer = keys.resume(&[]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    let (_, last) = told(&answer);
    assert_eq!(last["counts"]["done"], ALL);
    assert_whole(&keys);
    assert_eq!(keys.record().get("plan-intent intended"), Some(&4));
}

#[test]
fn ctrl_c_finishes_what_is_in_flight_and_says_how_to_go_on() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(4096));
    let mut child = keys.start(&keys.arguments(&manifest, &["--yes"]));
    let mut lines = until_done(&mut child, 1);
    signal(&child, "INT");
    let code = child.wait().unwrap().code();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut lines, &mut rest).unwrap();
    let last: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "ended", "{rest}");
    if code == Some(0) {
        // All of it was in flight already.
        assert_eq!(last["counts"]["done"], ALL);
    } else {
        assert_eq!(code, Some(1));
        assert_eq!(last["stopped"]["code"], "interrupted");
        assert_eq!(last["counts"]["held"], 0, "what is not done is free again");
    }
    assert_eq!(keys.resume(&[]).code, Some(0));
    assert_whole(&keys);
}

#[test]
fn a_key_that_is_deleted_between_plan_and_run_fails_alone() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(2048));
    let mut terminal = Terminal::start(&keys.desk, keys.arguments(&manifest, &[]));
    let _ = terminal.expect("l to read the list] ");
    let gone = Onlooker::embedded(&keys.desk).ask(&["destroy", "tenant-17"]);
    assert_eq!(gone, 2, "both halves");
    // The worker looks at a key again once its last look is some seconds old.
    std::thread::sleep(Duration::from_secs(6));
    terminal.type_line("y");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(1), "{seen}");
    assert!(seen.contains("83 of 84 keys done, 1 failed"), "{seen}");
    assert!(seen.contains("key-unknown"), "{seen}");
    let report = keys.report();
    let failed: Vec<&Value> = report["lines"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["step"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["key"]["label"], "tenant-17");
    assert_eq!(failed[0]["error"]["code"], "key-unknown");
    // It is tried again, and fails again; nothing else is done again.
    let (lines, _) = told(&keys.resume(&[]));
    assert_eq!(lines.len(), 1);
    assert_eq!(keys.record().get("wrap-outcome done"), Some(&83));
}

#[test]
fn a_key_that_was_replaced_between_plan_and_run_does_not_travel() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(2048));
    let ledger = keys.folder().join("elsewhere.sqlite");
    let ledger = ["--ledger", ledger.to_str().unwrap()];
    let mut terminal = Terminal::start(&keys.desk, keys.arguments(&manifest, &ledger));
    let _ = terminal.expect("l to read the list] ");
    let onlooker = Onlooker::embedded(&keys.desk);
    let _ = onlooker.ask(&["swap", "tenant-17", "tenant-18"]);
    std::thread::sleep(Duration::from_secs(6));
    terminal.type_line("y");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(1), "{seen}");
    let go_on = format!("--out {} {}", keys.out().display(), ledger.join(" "));
    assert!(seen.contains(&go_on), "{go_on}: {seen}");
    let (lines, last) = told(&keys.resume(&ledger));
    assert_eq!(last["counts"]["done"], ALL - 2, "{last}");
    let mut failed: Vec<_> = lines
        .iter()
        .map(|line| (line["label"].as_str().unwrap(), &line["error"]["code"]))
        .collect();
    failed.sort_unstable_by_key(|(label, _)| *label);
    let replaced = Value::from("key-replaced");
    assert_eq!(failed, [("tenant-17", &replaced), ("tenant-18", &replaced)]);
    assert_eq!(keys.record().get("wrap-outcome done"), Some(&(ALL - 2)));
    // The yes was to the keys that the plan names: as they were, they travel.
    let _ = onlooker.ask(&["swap", "tenant-17", "tenant-18"]);
    let answer = keys.resume(&ledger);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    assert_whole(&keys);
}

#[test]
fn fail_fast_begins_nothing_more_after_a_failure() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(4096));
    let mut terminal = Terminal::start(&keys.desk, keys.arguments(&manifest, &["--fail-fast"]));
    let _ = terminal.expect("l to read the list] ");
    let _ = Onlooker::embedded(&keys.desk).ask(&["destroy", "data-1"]);
    std::thread::sleep(Duration::from_secs(6));
    terminal.type_line("y");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(1), "{seen}");
    let report = keys.report();
    assert_eq!(report["counts"]["failed"], 1);
    assert_eq!(report["counts"]["held"], 0);
}

#[test]
fn a_second_batch_on_one_folder_is_told_who_has_it() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(2048));
    let mut terminal = Terminal::start(&keys.desk, keys.arguments(&manifest, &[]));
    let _ = terminal.expect("l to read the list] ");
    let second = keys.batch(&manifest, &["--yes"]);
    assert_eq!(second.refusal(1), "batch-folder-held");
    assert!(second.stdout.contains("process "), "{}", second.stdout);
    terminal.type_line("y");
    let (_, code) = terminal.end();
    assert_eq!(code, Some(0));
    assert_whole(&keys);
}

#[test]
fn a_disk_that_fills_in_the_middle_stops_the_run_and_room_lets_it_go_on() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(4096));
    let out = keys.out();
    fs::create_dir(&out).unwrap();
    // A small disk of its own, which only this shell and what it starts can see.
    let script = "mount -t tmpfs -o size=700k none \"$0\" && \"$@\"; echo \"exit $?\"; \
        ls -a \"$0\" | grep -c part; mount -o remount,size=64m \"$0\"; \
        shift 3; exec \"$KEYFERRY_BINARY\" batch --resume --out \"$0\" --json --state \"$STATE\" --software-token";
    let arguments = keys.arguments(&manifest, &["--yes", "--json"]);
    let starter = ["unshare", "-rm", "sh", "-c", script, out.to_str().unwrap()];
    let mut command = keys.desk.detached_by(&starter, &arguments);
    command
        .env("KEYFERRY_BINARY", keyferry_tests::desk::binary())
        .env("STATE", keys.desk.state());
    let answer = Answer::new(command.output().unwrap());
    let all = answer.all();
    assert!(all.contains("exit 1"), "{all}");
    let ended: Vec<Value> = answer
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["event"] == "ended" || line["error"].is_object())
        .collect();
    let last = ended.last().unwrap();
    assert_eq!(answer.code, Some(0), "{all}");
    assert_eq!(last["counts"]["done"], ALL, "{all}");
    let first = ended.first().unwrap();
    let code = first["stopped"]["code"].as_str();
    let code = code.or(first["error"]["code"].as_str()).unwrap();
    assert!(
        ["output-unwritable", "ledger-unwritable"].contains(&code),
        "{all}"
    );
}

/// A worker of the simulated module dies at its sixtieth wrap call, whichever key that is; so does its successor.
#[test]
fn a_worker_that_is_lost_again_and_again_costs_no_key_and_each_loss_is_recorded() {
    let keys = ManyKeys::simulated(
        "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\nat = 60\ndoes = \"crash\"",
    );
    let manifest = keys.manifest(Kek::shared(2048));
    let answer = keys.batch(&manifest, &["--yes"]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    let (lines, last) = told(&answer);
    assert_eq!(last["counts"]["done"], ALL, "{last}");
    let again = lines.iter().filter(|line| line["end"] == "again").count();
    assert!(again > 0, "no worker was lost");
    let record = keys.record();
    assert_eq!(record.get("wrap-outcome done"), Some(&ALL), "{record:?}");
    assert_eq!(record.get("wrap-outcome failed"), Some(&again));
    assert_whole(&keys);
}

#[test]
fn a_key_that_takes_the_module_along_fails_alone_after_three_losses() {
    let keys = ManyKeys::simulated(
        "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntarget = { label-part = \"tenant-33\" }\ndoes = \"abort\"",
    );
    let manifest = keys.manifest(Kek::shared(2048));
    let answer = keys.batch(&manifest, &["--yes"]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let (lines, last) = told(&answer);
    assert_eq!(last["counts"]["done"], ALL - 1, "{last}");
    let failed: Vec<&Value> = lines
        .iter()
        .filter(|line| line["end"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["label"], "tenant-33");
    assert_eq!(failed[0]["error"]["code"], "operation-lost");
}

#[test]
fn a_session_that_is_lost_in_the_middle_is_opened_again_and_nobody_notices() {
    let keys = ManyKeys::simulated(
        "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\nat = 70\nreturns = 0xB3",
    );
    let manifest = keys.manifest(Kek::shared(2048));
    let answer = keys.batch(&manifest, &["--yes"]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    assert_eq!(keys.record().get("wrap-outcome done"), Some(&ALL));
    assert_whole(&keys);
}

#[test]
fn a_device_that_fails_for_good_stops_the_run_and_costs_few_keys() {
    let folder = tempfile::TempDir::new().unwrap();
    let broken = folder.path().join("broken");
    fs::write(&broken, b"").unwrap();
    // Dead for the next process of the module too, which would count its calls from the beginning.
    let dead = folder.path().join("dead");
    let keys = ManyKeys::simulated(&format!(
        "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\nfrom = 60\nreturns = 0x30\nwhile-file = {broken:?}\nonce-file = {dead:?}
[[fault]]\ncall = \"C_WrapKey\"\nreturns = 0x30\nwhile-file = {dead:?}"
    ));
    let manifest = keys.manifest(Kek::shared(2048));
    let answer = keys.batch(&manifest, &["--yes"]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let (_, last) = told(&answer);
    // The third failure in a row is the call's, or the self-test's of the next worker.
    let code = last["stopped"]["code"].as_str().unwrap();
    assert!(
        ["pkcs11-call-failed", "self-test-failed"].contains(&code),
        "{last}"
    );
    let counts = &last["counts"];
    assert!(counts["failed"].as_u64().unwrap() <= 3, "{last}");
    assert!(counts["open"].as_u64().unwrap() > 0, "{last}");
    // Mended, it goes on, the failed ones too.
    for file in [broken, dead] {
        fs::remove_file(file).unwrap();
    }
    assert_eq!(keys.resume(&[]).code, Some(0));
    assert_whole(&keys);
}
