//! What a process holds, as the system shows it to root.

use std::fs;
use std::path::PathBuf;

use crate::processes;

/// A process, and what it held when it was looked at.
#[derive(Debug, Clone)]
pub struct Holdings {
    /// Its number.
    pub pid: u32,
    /// `bridge` or `worker`.
    pub name: &'static str,
    /// `Rss` of `smaps_rollup`, in kB.
    pub rss_kb: u64,
    /// Open descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: usize,
}

/// The bridge and the workers that it started, each looked at now.
///
/// # Panics
/// When they may not be looked at: the bridge is not dumpable, so only root may.
#[must_use]
pub fn family(bridge: u32) -> Vec<Holdings> {
    let workers = processes::workers(bridge).into_iter();
    let workers = workers.map(|pid| look(pid, "worker"));
    [look(bridge, "bridge")]
        .into_iter()
        .chain(workers)
        .collect()
}

fn look(pid: u32, name: &'static str) -> Holdings {
    let place = PathBuf::from(format!("/proc/{pid}"));
    let rollup = fs::read_to_string(place.join("smaps_rollup"))
        .unwrap_or_else(|error| panic!("{error}: only root may look into the bridge"));
    let rss = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
    let count = |folder: &str| fs::read_dir(place.join(folder)).unwrap().count();
    Holdings {
        pid,
        name,
        rss_kb: rss
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .unwrap(),
        descriptors: count("fd"),
        threads: count("task"),
    }
}
