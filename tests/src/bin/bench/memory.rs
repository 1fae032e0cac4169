//! The memory of a process and of those that it started, while it runs.

use std::fs;
use std::process::Child;
use std::thread;
use std::time::Duration;

/// How often one looks.
const EVERY: Duration = Duration::from_millis(20);

/// The most that each process of a family took, in megabytes.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Peak {
    pub(crate) bridge: f64,
    /// The largest of the workers.
    pub(crate) worker: f64,
}

/// Looks until the child has ended.
pub(crate) fn watch(child: &mut Child) -> Peak {
    let mut peak = Peak::default();
    while child.try_wait().unwrap().is_none() {
        peak.bridge = peak.bridge.max(resident(child.id()));
        for worker in children(child.id()) {
            peak.worker = peak.worker.max(resident(worker));
        }
        thread::sleep(EVERY);
    }
    peak
}

/// A child belongs to the thread that started it, so every thread is asked.
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let lists = threads
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}

/// Rss of `smaps_rollup`; none of a process that is gone.
fn resident(process: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("Rss:"))
        .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<f64>().ok())
        .map_or(0.0, |kilobytes| kilobytes / 1024.0)
}
