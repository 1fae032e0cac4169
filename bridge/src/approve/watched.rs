//! A prompt's program that does not keep its time limit is killed.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::Error;

/// How much longer than its limit a program is waited for before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// How long a killed program's reader is waited for.
const LAST: Duration = Duration::from_secs(1);

/// Runs `prompt`, which starts a program and waits for it, in a thread of its own, so that this thread's children
/// are that program and nothing else. Past the limit they are killed, with all that they started.
///
/// # Errors
/// What `prompt` says; [`Error::ApprovalTimeout`] past the limit.
pub(super) fn watched<T: Send + 'static>(
    limit: Duration,
    prompt: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let started = Instant::now();
    let (answers, answer) = channel();
    let (threads, thread) = channel();
    let spawned = std::thread::Builder::new()
        .name("prompt".to_owned())
        .spawn(move || {
            let _ = threads.send(own_thread());
            let _ = answers.send(prompt());
        });
    spawned.map_err(|source| Error::System {
        what: "starting a thread for the prompt",
        source,
    })?;
    match answer.recv_timeout(limit + GRACE) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Disconnected) => Err(Error::Internal("a prompt stopped")),
        Err(RecvTimeoutError::Timeout) => {
            if let Ok(thread) = thread.try_recv() {
                kill_children(thread);
            }
            // Whatever it says now comes too late.
            let _ = answer.recv_timeout(LAST);
            Err(Error::ApprovalTimeout {
                seconds: started.elapsed().as_secs(),
            })
        }
    }
}

#[cfg(target_os = "linux")]
fn own_thread() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

/// Kills the children of this process's `thread`, and theirs, the youngest first.
#[cfg(target_os = "linux")]
fn kill_children(thread: i32) {
    use rustix::process::{Pid, Signal, kill_process};
    let mut found = children(std::process::id().cast_signed(), thread);
    let mut at = 0;
    while let Some(&pid) = found.get(at) {
        at += 1;
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            if let Ok(task) = task.file_name().to_string_lossy().parse() {
                found.extend(children(pid, task));
            }
        }
    }
    for pid in found.into_iter().rev().filter_map(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

#[cfg(target_os = "linux")]
fn children(process: i32, task: i32) -> Vec<i32> {
    std::fs::read_to_string(format!("/proc/{process}/task/{task}/children"))
        .unwrap_or_default()
        .split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Elsewhere the system does not say which children a thread has: the program is left alone and not waited for.
#[cfg(not(target_os = "linux"))]
fn own_thread() -> i32 {
    0
}

#[cfg(not(target_os = "linux"))]
fn kill_children(_thread: i32) {}
