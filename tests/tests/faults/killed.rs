//! Processes that are killed at any moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyferry_tests::{audit_chain, processes};

use super::stage::{LABEL, Stage, Tally, is_full, kek};

/// Not evenly spread, and the same in every run.
pub(crate) struct Moments(pub(crate) u64);

impl Moments {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % below
    }
}

#[test]
fn a_worker_that_is_killed_at_random_costs_the_wrap_it_had_and_no_other() {
    let wraps = if is_full() { 1000 } else { 150 };
    let stage = Stage::playing("", "");
    let mut served = stage.serve();
    assert_eq!(served.wrap(), "right");
    let bridge = served.pid();
    let over = AtomicBool::new(false);
    let killed = std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let (mut moments, mut killed) = (Moments(4711), 0_usize);
            while !over.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1500 + moments.next(3000)));
                for worker in processes::workers(bridge) {
                    processes::kill(worker);
                    killed += 1;
                }
            }
            killed
        });
        for _ in 1..wraps {
            let _ = served.wrap();
        }
        over.store(true, Ordering::SeqCst);
        killer.join().unwrap()
    });
    let errors = served.wrap_until_right(2);
    assert!(errors.len() < 2);
    let lost: usize = served
        .tally
        .0
        .iter()
        .filter(|(code, _)| *code != "right")
        .map(|(_, n)| n)
        .sum();
    assert!(
        lost <= killed,
        "{killed} killed, {lost} lost: {:?}",
        served.tally.0
    );
    // Each wrap that was begun has its outcome, and each right one its line.
    let record = served.record();
    let count = |event: &str, outcome: &str| {
        let fits = |line: &&serde_json::Value| line["event"] == event && line["outcome"] == outcome;
        record.iter().filter(fits).count()
    };
    assert_eq!(count("wrap-outcome", "done"), served.tally.0["right"]);
    served
        .tally
        .tell(&format!("{killed} workers killed during {wraps} wraps"));
}

/// Killed while it writes the record and the file: each is whole or not there, and the next run goes on.
#[test]
fn a_bridge_that_is_killed_leaves_no_half_of_a_file_and_a_record_that_holds() {
    let times = if is_full() { 100 } else { 12 };
    let stage = Stage::playing("", "");
    let out = stage.file("key.byok");
    let kek_file = kek().az_json();
    let arguments = [
        "wrap",
        "--yes",
        "--force",
        "--key",
        LABEL,
        "--kek",
        kek_file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let begun = std::time::Instant::now();
    let _ = stage.desk.json(arguments).success();
    let whole = u64::try_from(begun.elapsed().as_millis()).unwrap();
    let (mut moments, mut tally) = (Moments(1147), Tally::default());
    for _ in 0..times {
        std::fs::remove_file(&out).unwrap_or_default();
        let mut child = stage.desk.detached(arguments).spawn().unwrap();
        // Late moments more often than early ones: there it writes.
        let moment = whole - moments.next(whole / 2);
        std::thread::sleep(Duration::from_millis(moment));
        match processes::bridge(stage.desk.state()) {
            Some(bridge) => processes::kill(bridge),
            None => tally.count("ended before"),
        }
        let _ = child.wait();
        match std::fs::read(&out) {
            Ok(file) => {
                stage.check(&file);
                tally.count("file whole");
            }
            Err(_) => tally.count("no file"),
        }
    }
    let _ = stage.desk.json(arguments).success();
    stage.check(&std::fs::read(&out).unwrap());
    audit_chain::read(stage.desk.state()).unwrap();
    let verdict = stage.desk.json(["audit", "verify"]);
    assert_eq!(verdict.code, Some(0), "{}", verdict.all());
    tally.tell(&format!("{times} bridges killed while they write"));
}
