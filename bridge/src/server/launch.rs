//! Launch codes: what `--open` puts on a browser's command line instead of the secret.
//!
//! A process's arguments are readable by others, so they carry a code that works once and briefly.
//! The page exchanges it by `POST /v1/launch` for the run's secret.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::secret::RunSecret;
use crate::Error;

/// How long an issued code may be exchanged: enough for a cold browser start.
const LIFETIME: Duration = Duration::from_secs(60);

/// The codes of this run; at most one is valid at a time.
#[derive(Debug, Default)]
pub(super) struct LaunchCodes {
    issued: Mutex<Option<Issued>>,
}

#[derive(Debug)]
struct Issued {
    code: RunSecret,
    expires: Instant,
}

impl LaunchCodes {
    /// Makes a new code and returns its text; an earlier one that was not used stops working.
    ///
    /// # Errors
    /// [`Error::System`] when the system gives no random bytes.
    pub(super) fn issue(&self, now: Instant) -> Result<String, Error> {
        let code = RunSecret::random()?;
        let text = code.expose().to_owned();
        *self.slot() = Some(Issued {
            code,
            expires: now + LIFETIME,
        });
        Ok(text)
    }

    /// Uses up the code. True once for the code last issued, within its lifetime; else false.
    ///
    /// A wrong guess leaves the code alone: it has 256 bits, and burning it would let any local
    /// process keep the owner's browser out.
    pub(super) fn redeem(&self, candidate: &str, now: Instant) -> bool {
        let mut slot = self.slot();
        if slot.as_ref().is_some_and(|issued| issued.expires < now) {
            *slot = None;
        }
        let right = slot
            .as_ref()
            .is_some_and(|issued| issued.code.matches(candidate.as_bytes()));
        if right {
            *slot = None;
        }
        right
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Issued>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_code_works_once() {
        let (codes, now) = (LaunchCodes::default(), Instant::now());
        let code = codes.issue(now).unwrap();
        assert!(!codes.redeem("", now));
        assert!(!codes.redeem(&code[1..], now));
        assert!(codes.redeem(&code, now));
        assert!(!codes.redeem(&code, now));
    }

    #[test]
    fn a_code_stops_working_after_a_minute() {
        let (codes, now) = (LaunchCodes::default(), Instant::now());
        let code = codes.issue(now).unwrap();
        assert!(!codes.redeem(&code, now + Duration::from_secs(61)));
        assert!(
            !codes.redeem(&code, now),
            "an expired code is gone for good"
        );
        let code = codes.issue(now).unwrap();
        assert!(codes.redeem(&code, now + Duration::from_secs(60)));
    }

    #[test]
    fn a_new_code_replaces_the_old_one() {
        let (codes, now) = (LaunchCodes::default(), Instant::now());
        let old = codes.issue(now).unwrap();
        let new = codes.issue(now).unwrap();
        assert!(!codes.redeem(&old, now));
        assert!(codes.redeem(&new, now));
    }
}
