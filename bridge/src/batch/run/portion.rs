//! How many lines are claimed ahead of the HSM: about a second's work, so that other bridges on the plan find some, too,
//! and so that little waits for the lease of one that dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Lines that are claimed in one transaction at most.
const MOST: u32 = 256;

/// How long the lines of one claim are meant to take.
const MEANT: Duration = Duration::from_millis(500);

/// By how much a claim outgrows the one before it at most: so many times what was measured is a guess.
const GROWTH: u32 = 4;

/// Claimed lines that the HSM has not answered for.
#[derive(Debug, Clone, Default)]
pub(super) struct Backlog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: AtomicU32,
    answered: AtomicU64,
    less: Notify,
}

/// One such line; it waits no longer when this is dropped.
#[derive(Debug)]
pub(super) struct Waits(Arc<Shared>);

impl Backlog {
    /// One more.
    pub(super) fn one(&self) -> Waits {
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        Waits(Arc::clone(&self.0))
    }

    /// How many were answered so far.
    pub(super) fn answered(&self) -> u64 {
        self.0.answered.load(Ordering::SeqCst)
    }

    /// Waits until there are no more than `most`. For one waiter.
    pub(super) async fn at_most(&self, most: u32) {
        while self.0.waiting.load(Ordering::SeqCst) > most {
            self.0.less.notified().await;
        }
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.answered.fetch_add(1, Ordering::SeqCst);
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        self.0.less.notify_one();
    }
}

/// How many lines the next claim takes.
#[derive(Debug)]
pub(super) struct Portion {
    size: u32,
    least: u32,
    /// How many were answered then, and when that was.
    seen: (u64, Instant),
}

impl Portion {
    /// For so many workers: each has two questions of a key or more.
    pub(super) fn of(workers: usize, now: Instant) -> Self {
        let workers = u32::try_from(workers).unwrap_or(MOST);
        let least = workers.saturating_mul(4).clamp(1, MOST);
        Self {
            size: least,
            least,
            seen: (0, now),
        }
    }

    /// As many as this.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// Takes into account that so many were answered in all by `now`; what was not even asked says nothing.
    pub(super) fn measure(&mut self, answered: u64, now: Instant) {
        let (before, since) = self.seen;
        let Some(count) = answered.checked_sub(before).filter(|count| *count > 0) else {
            return;
        };
        self.seen = (answered, now);
        let took = now.saturating_duration_since(since).as_micros().max(1);
        let meant = u128::from(count) * MEANT.as_micros() / took;
        let most = self.size.saturating_mul(GROWTH).min(MOST);
        self.size = u32::try_from(meant)
            .unwrap_or(most)
            .clamp(self.least.min(most), most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_hsm_gets_many_lines_at_once_and_a_slow_one_few() {
        let (mut now, mut answered) = (Instant::now(), 0);
        let mut portion = Portion::of(1, now);
        let mut after = |portion: &mut Portion, count, millis| {
            now += Duration::from_millis(millis);
            answered += count;
            portion.measure(answered, now);
            portion.size()
        };
        // What is claimed before anything was answered is no more than the least.
        assert_eq!(after(&mut portion, 0, 0), 4);
        let fast: Vec<u32> = (0..4).map(|_| after(&mut portion, 10, 10)).collect();
        assert_eq!(fast, [16, 64, 256, 256]);
        assert_eq!(after(&mut portion, 100, 500), 100);
        assert_eq!(after(&mut portion, 10, 5000), 4);
    }

    #[test]
    fn many_workers_are_never_left_without_a_line() {
        let portion = Portion::of(8, Instant::now());
        assert_eq!(portion.size(), 32);
        assert_eq!(Portion::of(1_000_000, Instant::now()).size(), MOST);
    }

    #[tokio::test]
    async fn a_claim_waits_until_what_waits_is_less() {
        let backlog = Backlog::default();
        let mut lines: Vec<Waits> = (0..3).map(|_| backlog.one()).collect();
        let waiting = tokio::spawn({
            let backlog = backlog.clone();
            async move { backlog.at_most(1).await }
        });
        lines.pop();
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        lines.pop();
        assert!(waiting.await.is_ok());
        assert_eq!(backlog.answered(), 2);
    }
}
