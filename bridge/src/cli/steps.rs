//! What a verb of several steps says: one line a step, with its outcome and its time.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use owo_colors::Style;

use crate::cli::out::Out;

/// The lines of a run.
pub(super) struct Steps {
    out: Out,
    waiting: MultiProgress,
}

/// A step that has begun; while it lasts a terminal shows that something happens.
pub(super) struct Begun<'a> {
    steps: &'a Steps,
    since: Instant,
    waiting: ProgressBar,
}

impl Steps {
    pub(super) fn new(out: Out) -> Self {
        let waiting = MultiProgress::new();
        if out.is_json() {
            waiting.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { out, waiting }
    }

    pub(super) fn headline(&self, text: &str) {
        let text = format!("\n{}", self.out.paint(text, Style::new().bold()));
        self.waiting.suspend(|| self.out.line(&text));
    }

    pub(super) fn begin(&self, what: &'static str) -> Begun<'_> {
        let waiting = self.waiting.add(ProgressBar::new_spinner());
        waiting.set_message(what);
        waiting.enable_steady_tick(Duration::from_millis(100));
        Begun {
            steps: self,
            since: Instant::now(),
            waiting,
        }
    }

    /// A step that took `time`.
    pub(super) fn took(&self, name: &str, outcome: &str, time: Duration) {
        self.line(name, &format!("{outcome} ({:.2} s)", time.as_secs_f64()));
    }

    pub(super) fn line(&self, name: &str, outcome: &str) {
        let text = format!("  {name:<15} {outcome}");
        self.waiting.suspend(|| self.out.line(&text));
    }
}

impl Begun<'_> {
    /// Shows what is being done now.
    pub(super) fn now(&self, what: &'static str) {
        self.waiting.set_message(what);
    }

    pub(super) fn done(self, name: &str, outcome: &str) {
        self.waiting.finish_and_clear();
        self.steps.took(name, outcome, self.since.elapsed());
    }

    /// Ends the waiting without a line of its own.
    pub(super) fn clear(self) {
        self.waiting.finish_and_clear();
    }
}
