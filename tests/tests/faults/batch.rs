//! A batch whose worker is killed at any moment, again and again.

use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use keyferry_tests::{ManyKeys, WholeBatch, processes};
use serde_json::Value;

use super::killed::Moments;
use super::stage::{Tally, is_full, kek};

/// How often a batch may have to be gone on with.
const RUNS: usize = 20;

/// Keys of a token whose wraps take this long, so that most moments are within one.
fn keys() -> (ManyKeys, u64) {
    let slow = |takes| format!("title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntakes = {takes}\n");
    if is_full() {
        (ManyKeys::thousand(&slow(15)), 3000)
    } else {
        (ManyKeys::simulated(&slow(30)), 1600)
    }
}

/// A killer of workers: at moments of which one comes every `pace` milliseconds or so.
struct Killer {
    moments: Moments,
    pace: u64,
    killed: usize,
}

impl Killer {
    /// Kills those of a bridge until it is over. In the short test only a worker that was of use, since the bridge
    /// waits ever longer before it starts another one after one that was not.
    fn kill(&mut self, bridge: u32, over: &AtomicBool, done: &AtomicUsize) {
        while !over.load(Ordering::SeqCst) {
            let before = done.load(Ordering::SeqCst);
            let wait = self.pace / 2 + self.moments.next(self.pace);
            std::thread::sleep(Duration::from_millis(wait));
            if !is_full() && done.load(Ordering::SeqCst) == before {
                continue;
            }
            for worker in processes::workers(bridge) {
                processes::kill(worker);
                self.killed += 1;
            }
        }
    }
}

#[test]
fn a_batch_whose_worker_is_killed_at_random_does_every_key_once() {
    let (keys, pace) = keys();
    let manifest = keys.manifest(kek());
    let mut killer = Killer {
        moments: Moments(1865),
        pace,
        killed: 0,
    };
    let (mut tally, done, mut runs) = (Tally::default(), AtomicUsize::new(0), 0);
    let mut arguments = keys.arguments(&manifest, &["--yes"]);
    loop {
        runs += 1;
        assert!(runs <= RUNS, "it comes to no end: {:?}", tally.0);
        let mut child = keys.start(&arguments);
        let bridge = child.id();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // A batch is there to go on with once it has begun.
        let begun = lines.next().map(Result::unwrap).unwrap_or_default();
        if runs == 1 {
            assert!(begun.contains("\"begun\""), "{begun}");
        }
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let _killing = scope.spawn(|| killer.kill(bridge, &over, &done));
            for line in lines {
                let told: Value = serde_json::from_str(&line.unwrap()).unwrap();
                let Some(end) = told["end"].as_str() else {
                    continue;
                };
                tally.count(end);
                done.fetch_add(usize::from(end == "done"), Ordering::SeqCst);
            }
            over.store(true, Ordering::SeqCst);
        });
        if child.wait().unwrap().code() == Some(0) {
            break;
        }
        arguments = keys.resume_arguments(&[]);
    }

    let killed = killer.killed;
    assert!(killed >= 2, "{killed} killed");
    let lost = tally.0.get("again").copied().unwrap_or_default();
    assert!(lost > 0, "no key was lost with its worker");
    // Told as done, in the ledger, on disk and in the record: each once.
    assert_eq!(done.into_inner(), keys.count);
    let by = WholeBatch::by(&[&keys], kek()).check();
    assert_eq!(by[0].len(), keys.count);
    let record = keys.record();
    let count = |name: &str| record.get(name).copied().unwrap_or_default();
    assert_eq!(count("wrap-outcome done"), keys.count, "{record:?}");
    // Each loss of a key's wrap has its line: what came after it says "again", or that the key failed.
    let failed = tally.0.get("failed").copied().unwrap_or_default();
    assert_eq!(count("wrap-outcome failed"), lost + failed, "{record:?}");
    assert_eq!(count("plan-intent intended"), runs, "{record:?}");
    tally.tell(&format!(
        "{killed} workers killed during a batch of {} keys, {runs} runs",
        keys.count
    ));
}
