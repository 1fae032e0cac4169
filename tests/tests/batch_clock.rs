//! A batch whose machine's clock is set, forward and back, while it runs and between its runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::process::Command;

use keyferry_tests::many_keys::{ALL, ManyKeys};
use keyferry_tests::running_batch::RunningBatch;
use keyferry_tests::{FakeClock, Kek, WholeBatch, audit_chain, processes, tool};
use serde_json::Value;

/// Each wrap takes a while, so that the clock is set in the middle.
const SLOW: &str = "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntakes = 50";

/// How many days each of these times lies from now, rounded.
fn days<'a>(times: impl Iterator<Item = &'a Value>) -> Vec<i64> {
    let times: Vec<&str> = times.map(|time| time.as_str().unwrap()).collect();
    let mut command = Command::new("date");
    command.args(["--utc", "--file", "-", "+%s"]);
    let seconds = tool::run(&mut command, times.join("\n").as_bytes()).unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    String::from_utf8(seconds)
        .unwrap()
        .lines()
        .map(|seconds| seconds.parse::<i64>().unwrap() - i64::try_from(now).unwrap())
        // What was written some minutes ago is of today.
        .map(|seconds| (seconds + 43_200).div_euclid(86_400))
        .collect()
}

/// Waits until the record has a line of that day: what was done before a long flush has one time.
fn until_dated(keys: &ManyKeys, offset: i32) {
    let log = keys.desk.state().join("audit/log.jsonl");
    processes::wait_for("a line of the day", || {
        let text = std::fs::read_to_string(&log).unwrap();
        let (whole, _) = text.rsplit_once('\n')?;
        let line: Value = serde_json::from_str(whole.lines().last()?).unwrap();
        (days([&line["time"]].into_iter()) == [i64::from(offset)]).then_some(())
    });
}

#[test]
fn a_clock_that_is_set_while_a_batch_runs_and_between_its_runs_changes_no_more_than_the_times() {
    let mut keys = ManyKeys::simulated(SLOW);
    let clock = FakeClock::new();
    keys.desk = clock.of(keys.desk);
    let kek = Kek::shared(2048);
    let manifest = keys.manifest(kek);
    let running = RunningBatch::start(&keys, &keys.arguments(&manifest, &["--yes"]));
    for offset in [-3, 4] {
        running.until_done(10);
        clock.set(offset);
        until_dated(&keys, offset);
    }
    running.until_done(15);
    // Killed, and gone on with at a time before it was begun.
    drop(running);
    clock.set(-10);
    let (last, code) = RunningBatch::start(&keys, &keys.resume_arguments(&[])).end();
    assert_eq!(code, Some(0), "{last}");
    assert_eq!(last["counts"]["done"], ALL, "{last}");

    let done = WholeBatch::by(&[&keys], kek).check();
    assert_eq!(done[0].len(), ALL);
    // Each line's time is what the clock said then; their order is the chain's.
    let record = audit_chain::read(keys.desk.state()).unwrap();
    let mut seen = days(record.iter().map(|line| &line["time"]));
    seen.dedup();
    assert_eq!(seen, [0, -3, 4, -10]);
    let report = keys.report();
    assert_eq!(days([&report["written"]].into_iter()), [-10]);
    let notes = report["approvals"].as_array().unwrap();
    let mut notes = days(notes.iter().map(|note| &note["at"]));
    notes.sort_unstable();
    assert_eq!(notes, [-10, 0]);
}
