//! Whose beat stands still. Only this process's own monotonic clock is asked, and only for how long it watched.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::seat::SeatState;

/// What was seen of the seats of others.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: HashMap<String, Seen>,
    looked: Option<Instant>,
}

#[derive(Debug)]
struct Seen {
    beat: i64,
    since: Instant,
}

impl Watch {
    /// Looks at the seats that are taken; returns those that stood still for their lease while this watched, each with
    /// its beat. Between looks that are far apart nobody watched: while a server was away, none of them could write.
    pub(super) fn look(&mut self, seats: &[SeatState], now: Instant) -> Vec<(String, i64)> {
        let looked = self.looked.replace(now).unwrap_or(now);
        let unwatched = now.duration_since(looked);
        self.seen
            .retain(|id, _| seats.iter().any(|seat| seat.id == *id));
        let mut still = Vec::new();
        for seat in seats {
            let seen = self.seen.entry(seat.id.clone()).or_insert(Seen {
                beat: seat.beat,
                since: now,
            });
            let lease = Duration::from_millis(seat.lease_ms);
            if seen.beat != seat.beat || unwatched > lease / 2 {
                *seen = Seen {
                    beat: seat.beat,
                    since: now,
                };
            } else if now.duration_since(seen.since) >= lease {
                still.push((seat.id.clone(), seat.beat));
            }
        }
        still
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::batch::ledger::SeatInfo;

    fn seat(id: &str, beat: i64) -> SeatState {
        SeatState {
            id: id.to_owned(),
            info: SeatInfo {
                host: "host".to_owned(),
                pid: 1,
                folder: "/batch".to_owned(),
                folder_id: "0".repeat(32),
                since: "2026-01-01T00:00:00Z".to_owned(),
            },
            lease_ms: 60_000,
            beat,
            holds: 0,
        }
    }

    #[test]
    fn a_seat_is_given_up_only_after_its_beat_stood_still_for_the_whole_lease_while_watched() {
        let mut watch = Watch::default();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        for seconds in (0..60).step_by(20) {
            let seats = [seat("a", 1), seat("b", 9)];
            assert!(watch.look(&seats, at(seconds)).is_empty());
        }
        let still = watch.look(&[seat("a", 2), seat("b", 9)], at(60));
        assert_eq!(still, [("b".to_owned(), 9)]);
        for seconds in [80, 100, 119] {
            assert!(watch.look(&[seat("a", 2)], at(seconds)).is_empty());
        }
        assert_eq!(watch.look(&[seat("a", 2)], at(120)), [("a".to_owned(), 2)]);
    }

    #[test]
    fn a_seat_that_nobody_could_look_at_is_watched_anew() {
        let mut watch = Watch::default();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        for seconds in [0, 20, 40] {
            watch.look(&[seat("a", 1)], at(seconds));
        }
        // The ledger's server was away.
        for seconds in [75, 95, 115, 134] {
            assert!(watch.look(&[seat("a", 1)], at(seconds)).is_empty());
        }
        assert_eq!(watch.look(&[seat("a", 1)], at(135)), [("a".to_owned(), 1)]);
    }

    #[test]
    fn a_seat_that_was_away_is_watched_from_its_return_on() {
        let mut watch = Watch::default();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        watch.look(&[seat("a", 1)], begin);
        watch.look(&[], at(30));
        assert!(watch.look(&[seat("a", 1)], at(61)).is_empty());
    }
}
