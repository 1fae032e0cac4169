//! What was done, how long it took, and what was not as it has to be.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Act;

/// The most words of failures that are kept of one act.
const KEPT: usize = 5;

/// Of many acts.
#[derive(Default)]
pub struct Tally {
    acts: BTreeMap<Act, Times>,
}

#[derive(Default)]
struct Times {
    took: Vec<Duration>,
    failed: usize,
    words: Vec<String>,
}

/// Of one act.
pub struct Row {
    /// Which.
    pub act: Act,
    /// How often.
    pub count: usize,
    /// How often not as it has to be.
    pub failed: usize,
    /// Half took no longer.
    pub median: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// The longest.
    pub longest: Duration,
    /// What failed, in words; not all of it.
    pub words: Vec<String>,
}

impl Tally {
    pub(super) fn count(&mut self, act: Act, took: Duration, outcome: Result<(), String>) {
        let times = self.acts.entry(act).or_default();
        times.took.push(took);
        if let Err(words) = outcome {
            times.failed += 1;
            if times.words.len() < KEPT {
                times.words.push(words);
            }
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        for (act, times) in other.acts {
            let own = self.acts.entry(act).or_default();
            own.took.extend(times.took);
            own.failed += times.failed;
            own.words.extend(times.words);
            own.words.truncate(KEPT);
        }
    }

    /// One row for each act, in their order.
    #[must_use]
    pub fn rows(&mut self) -> Vec<Row> {
        let row = |(act, times): (&Act, &mut Times)| {
            times.took.sort_unstable();
            let at = |share: f64| {
                let last = times.took.len() - 1;
                times.took[(last as f64 * share).round() as usize]
            };
            Row {
                act: *act,
                count: times.took.len(),
                failed: times.failed,
                median: at(0.5),
                p99: at(0.99),
                longest: at(1.0),
                words: times.words.clone(),
            }
        };
        self.acts.iter_mut().map(row).collect()
    }
}
