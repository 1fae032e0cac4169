//! When something was last used: an HSM, or the server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts what is under way and remembers when the last of it ended; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Usage(Arc<Mutex<Used>>);

#[derive(Debug)]
struct Used {
    under_way: usize,
    last: Instant,
}

impl Usage {
    /// Marks a use until the guard is dropped.
    pub(crate) fn begin(&self) -> InUse<'_> {
        self.change(|used| used.under_way += 1);
        InUse(self)
    }

    /// For how long it was not used; zero while something is under way.
    pub(crate) fn idle_for(&self) -> Duration {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.under_way > 0 {
            Duration::ZERO
        } else {
            used.last.elapsed()
        }
    }

    fn change(&self, how: impl FnOnce(&mut Used)) {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        how(&mut used);
        used.last = Instant::now();
    }
}

impl Default for Usage {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Used {
            under_way: 0,
            last: Instant::now(),
        })))
    }
}

/// One use.
pub(crate) struct InUse<'usage>(&'usage Usage);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0
            .change(|used| used.under_way = used.under_way.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_idle_while_something_is_under_way() {
        let usage = Usage::default();
        let (one, other) = (usage.begin(), usage.begin());
        drop(one);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(usage.idle_for(), Duration::ZERO);
        drop(other);
        std::thread::sleep(Duration::from_millis(20));
        assert!(usage.idle_for() >= Duration::from_millis(20));
    }
}
