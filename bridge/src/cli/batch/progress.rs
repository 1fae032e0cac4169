//! How far a batch is, for people and for programs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use keyferry_core::visible;

use crate::batch::run::{BatchEvent, LineEnd, LineReport};
use crate::cli::out::Out;

/// The bar: how many are done of how many, how many failed, the rate, and the time that is left.
const BAR: &str = "{bar:32} {pos}/{len} keys, {msg}, {per_sec}, {elapsed} gone, {eta} left";

/// Failures whose table is shown at the end; the report has all.
const SHOWN: usize = 50;

/// What is shown of a run.
pub(super) struct Progress {
    out: Out,
    bar: ProgressBar,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    failed: u64,
    /// The first failures, by their number.
    failures: BTreeMap<u32, LineReport>,
}

impl Progress {
    pub(super) fn new(out: Out) -> Self {
        let bar = ProgressBar::new(0);
        if out.is_json() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        Self {
            out,
            bar,
            seen: Mutex::default(),
        }
    }

    /// Hears of one event.
    pub(super) fn hear(&self, event: &BatchEvent) {
        if self.out.is_json() {
            self.out.object(event);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            BatchEvent::Begun { left, .. } => {
                self.bar.set_length(*left);
                self.bar.set_message("0 failed");
                self.bar.enable_steady_tick(Duration::from_millis(200));
            }
            BatchEvent::Line(report) => match report.end {
                LineEnd::Done => self.bar.inc(1),
                LineEnd::Failed => {
                    seen.failed += 1;
                    self.bar.inc(1);
                    self.bar.set_message(format!("{} failed", seen.failed));
                    if seen.failures.len() < SHOWN {
                        seen.failures.insert(report.number, report.clone());
                    }
                }
                LineEnd::Wrapped | LineEnd::Again => {}
            },
        }
    }

    /// Says something above the bar.
    pub(super) fn note(&self, text: &str) {
        self.bar.suspend(|| self.out.note(text));
    }

    /// The bar goes, the table of failures comes.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.failures.is_empty() || self.out.is_json() {
            return;
        }
        self.out.line("Failed:");
        let rows: Vec<[String; 4]> = seen.failures.values().map(row).collect();
        for line in super::super::table::lines(&rows) {
            self.out.line(&line);
        }
        let more = seen.failed - super::count(seen.failures.len());
        if more > 0 {
            self.out.line(&format!("  and {more} more, in the report"));
        }
    }
}

fn row(report: &LineReport) -> [String; 4] {
    let error = report.error.as_ref();
    [
        format!("  {}", report.number),
        visible(&report.label),
        error.map_or_else(String::new, |error| visible(&error.code)),
        error.map_or_else(String::new, |error| visible(&error.message)),
    ]
}
