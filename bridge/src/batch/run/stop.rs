//! The word to stop: whoever hears it begins nothing more and finishes what is in flight.

use tokio::sync::watch;

/// Says that a run is to stop; clones are one.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Says it; saying it twice is as good.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was said.
    #[must_use]
    pub fn is_said(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is said.
    pub async fn said(&self) {
        let mut heard = self.0.subscribe();
        // The sender lives as long as this value.
        let _ = heard.wait_for(|said| *said).await;
    }
}
