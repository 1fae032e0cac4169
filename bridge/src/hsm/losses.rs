//! How often workers were lost of late, and how long to wait before the next one is started.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::error::HsmError;

/// What is longer ago than this no longer counts.
const WINDOW: Duration = Duration::from_secs(30);
/// Workers that may be lost within it; after the last, requests are refused until the first is long enough ago.
const MOST: usize = 8;
/// The step beyond which the pause does not grow while each of the lost was of use first.
const STEP_AFTER_USE: usize = 3;
/// How long to wait after the first, second, … loss within the window; the last holds for all that follow.
const PAUSES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Why a worker is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It crashed, hung, or broke its protocol, before it had answered anything.
    Lost,
    /// It was of use first; or it was ended, because its token or module works no longer in that process.
    AfterUse,
}

/// The losses of one HSM's workers.
#[derive(Debug, Default)]
pub(super) struct Losses(VecDeque<(Instant, Kind)>);

impl Losses {
    /// One more.
    pub(super) fn count(&mut self, now: Instant, kind: Kind) {
        self.forget(now);
        self.0.push_back((now, kind));
        // Those that were of use are never refused, so their number has to be bounded here.
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// How long to wait before the next worker may be started.
    ///
    /// # Errors
    /// [`HsmError::WorkerUnstable`] when too many were lost within the window.
    pub(super) fn pause(&mut self, now: Instant) -> Result<Duration, HsmError> {
        self.forget(now);
        let Some((last, _)) = self.0.back() else {
            return Ok(Duration::ZERO);
        };
        let lost = self
            .0
            .iter()
            .filter(|(_, kind)| *kind == Kind::Lost)
            .count();
        if lost >= MOST {
            let first = self.0.front().map_or(now, |(first, _)| *first);
            let wait = WINDOW.saturating_sub(now.duration_since(first));
            return Err(HsmError::WorkerUnstable {
                losses: lost,
                seconds: wait.as_secs() + 1,
            });
        }
        let highest = if lost == 0 {
            STEP_AFTER_USE
        } else {
            PAUSES.len() - 1
        };
        let step = self.0.len().saturating_sub(1).min(highest);
        let pause = PAUSES.get(step).copied().unwrap_or_default();
        Ok(pause.saturating_sub(now.duration_since(*last)))
    }

    fn forget(&mut self, now: Instant) {
        let old = |(at, _): &(Instant, Kind)| now.duration_since(*at) > WINDOW;
        while self.0.front().is_some_and(old) {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_pause_grows_with_each_loss_and_no_further_than_its_cap() {
        let begun = Instant::now();
        let mut losses = Losses::default();
        assert_eq!(losses.pause(begun).unwrap(), Duration::ZERO);
        let pauses: Vec<u128> = (0..MOST - 1)
            .map(|_| {
                losses.count(begun, Kind::Lost);
                losses.pause(begun).unwrap().as_millis()
            })
            .collect();
        assert_eq!(pauses, [0, 250, 500, 1000, 2000, 4000, 4000]);
    }

    #[test]
    fn time_that_has_passed_counts_as_waited() {
        let begun = Instant::now();
        let mut losses = Losses::default();
        losses.count(begun, Kind::Lost);
        losses.count(begun, Kind::Lost);
        let later = begun + Duration::from_millis(200);
        assert_eq!(losses.pause(later).unwrap(), Duration::from_millis(50));
        assert_eq!(
            losses.pause(begun + Duration::from_secs(1)).unwrap(),
            Duration::ZERO
        );
    }

    #[test]
    fn too_many_losses_are_refused_until_the_first_is_long_ago() {
        let begun = Instant::now();
        let mut losses = Losses::default();
        for second in 0..MOST as u64 {
            losses.count(begun + Duration::from_secs(second), Kind::Lost);
        }
        let now = begun + Duration::from_secs(10);
        let refused = losses.pause(now).unwrap_err();
        assert!(
            matches!(
                refused,
                HsmError::WorkerUnstable {
                    losses: MOST,
                    seconds: 21
                }
            ),
            "{refused:?}"
        );
        assert!(
            losses
                .pause(begun + WINDOW + Duration::from_secs(1))
                .is_ok()
        );
    }

    #[test]
    fn workers_that_were_of_use_slow_requests_down_and_refuse_none() {
        let begun = Instant::now();
        let mut losses = Losses::default();
        for _ in 0..100 {
            losses.count(begun, Kind::AfterUse);
        }
        assert_eq!(losses.pause(begun).unwrap(), Duration::from_secs(1));
        assert!(losses.0.len() <= MOST);
    }
}
