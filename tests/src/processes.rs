//! Processes of a bridge, found in `/proc`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The process that works on this state folder.
#[must_use]
pub fn bridge(state: &Path) -> Option<u32> {
    let wanted = state.to_str().unwrap();
    all().find(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut arguments = line.split(|byte| *byte == 0);
        let program = arguments.next().unwrap_or_default();
        program.ends_with(b"/keyferry") && arguments.any(|one| one == wanted.as_bytes())
    })
}

/// The workers of a bridge that run.
#[must_use]
pub fn workers(bridge: u32) -> Vec<u32> {
    all()
        .filter(|pid| status(*pid, "PPid") == Some(bridge.to_string()) && is_running(*pid))
        .collect()
}

/// Ends a process at once, as `kill -9` does.
pub fn kill(pid: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    // It may have ended by itself.
    let _ = kill_process(pid, Signal::KILL);
}

/// A member of `/proc/PID/status`.
#[must_use]
pub fn status(pid: u32, name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.map(|value| value.trim().to_owned())
}

/// False for a zombie too: it has ended, and only waits to be counted.
#[must_use]
pub fn is_running(pid: u32) -> bool {
    status(pid, "State").is_some_and(|state| !state.starts_with('Z'))
}

/// Waits for something to be so.
///
/// # Panics
/// When it is not within half a minute.
pub fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "waited in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}
