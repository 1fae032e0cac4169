//! How a run goes, as the page is told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use keyferry_core::{PlanFailure, PlanState, PlanStatus};

use super::planned::vault;
use crate::batch::Plan;
use crate::batch::ledger::Counts;
use crate::batch::run::{BatchEvent, LineEnd, LineReport, Stop};

/// Failures that are told one by one; the report has all.
const TOLD: usize = 50;

/// A plan of which nothing is done.
pub(super) fn first(plan: &Plan, state: PlanState) -> PlanStatus {
    PlanStatus {
        hash: plan.hash().to_string(),
        state,
        vault: vault(plan),
        lines: u32::try_from(plan.lines().len()).unwrap_or(u32::MAX),
        import: false,
        done: 0,
        failed: 0,
        here: 0,
        millis: 0,
        folder: None,
        waiting: None,
        failures: Vec::new(),
        error: None,
    }
}

/// Takes over what a ledger counts.
pub(super) fn count(status: &mut PlanStatus, counts: &Counts) {
    status.lines = counts.lines;
    status.done = counts.done;
    status.failed = counts.failed;
}

/// Where a run's status is told.
pub(super) type Observe = Arc<dyn Fn(PlanStatus) + Send + Sync>;

/// A run as far as it has come; every event changes it and tells it.
pub(super) struct Progress {
    now: Mutex<Now>,
    stop: Stop,
    observe: Observe,
}

struct Now {
    status: PlanStatus,
    failures: Vec<PlanFailure>,
    begun: Option<Instant>,
    /// Until when the vault is waited for at least.
    waits_until: Option<Instant>,
}

impl Progress {
    pub(super) fn new(status: PlanStatus, stop: Stop, observe: Observe) -> Self {
        Self {
            now: Mutex::new(Now {
                status,
                failures: Vec::new(),
                begun: None,
                waits_until: None,
            }),
            stop,
            observe,
        }
    }

    /// A stage before the first key.
    pub(super) fn enter(&self, state: PlanState) {
        self.change(|now| now.status.state = state);
    }

    /// What the ledger counted before the run.
    pub(super) fn count(&self, counts: &Counts) {
        self.change(|now| count(&mut now.status, counts));
    }

    /// What the vault is being waited for, and how long.
    pub(super) fn wait(&self, message: String, time: Duration) {
        self.change(|now| {
            now.status.waiting = Some(message);
            now.waits_until = Instant::now().checked_add(time);
        });
    }

    /// Hears of one event.
    pub(super) fn hear(&self, event: &BatchEvent) {
        self.change(|now| match event {
            BatchEvent::Begun { folder, .. } => {
                now.begun = Some(Instant::now());
                now.status.folder = Some(folder.clone());
            }
            BatchEvent::Line(report) => now.end(report),
        });
    }

    /// The end, with what the ledger counts now.
    pub(super) fn end(&self, counts: &Counts, error: Option<&crate::Error>) -> PlanStatus {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        count(&mut now.status, counts);
        now.status.millis = now.millis();
        now.status.waiting = None;
        now.status.failures = std::mem::take(&mut now.failures);
        now.status.error = error.map(crate::Error::body);
        now.status.state = if counts.is_complete() {
            PlanState::Done
        } else {
            PlanState::Ready
        };
        now.status.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut now);
        now.status.millis = now.millis();
        if now.begun.is_some() {
            now.status.state = if self.stop.is_said() {
                PlanState::Stopping
            } else {
                PlanState::Running
            };
        }
        (self.observe)(now.status.clone());
    }
}

impl Now {
    fn millis(&self) -> u64 {
        let elapsed = self.begun.map_or(0, |begun| begun.elapsed().as_millis());
        u64::try_from(elapsed).unwrap_or(u64::MAX)
    }

    fn end(&mut self, report: &LineReport) {
        match report.end {
            LineEnd::Done => self.status.done += 1,
            LineEnd::Failed => {
                self.status.failed += 1;
                if let Some(error) = &report.error
                    && self.failures.len() < TOLD
                {
                    self.failures.push(PlanFailure {
                        number: report.number,
                        label: report.label.clone(),
                        name: report.name.clone(),
                        error: error.clone(),
                    });
                }
            }
            LineEnd::Wrapped | LineEnd::Again => return,
        }
        // A key that was on its way already says nothing of those that wait.
        if self.waits_until.is_none_or(|until| until <= Instant::now()) {
            self.status.waiting = None;
        }
        self.status.here += 1;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::batch::sample;

    #[test]
    fn a_key_that_arrives_ends_no_wait_of_the_others() {
        let plan = sample::plan(
            &[("a", "a"), ("b", "b")],
            &["https://contoso.vault.azure.net"],
        );
        let told: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
        let heard = Arc::clone(&told);
        let observe: Observe = Arc::new(move |status: PlanStatus| {
            heard.lock().unwrap().push(status.waiting);
        });
        let progress = Progress::new(first(&plan, PlanState::Running), Stop::default(), observe);
        let arrives = |line| BatchEvent::Line(LineReport::of(line, LineEnd::Done));
        for seconds in [60, 0] {
            progress.wait("throttled".to_owned(), Duration::from_secs(seconds));
            progress.hear(&arrives(plan.line(1).unwrap()));
        }
        let throttled = Some("throttled".to_owned());
        assert_eq!(
            *told.lock().unwrap(),
            [throttled.clone(), throttled.clone(), throttled, None]
        );
    }
}
