//! The one thread of a process that writes its record. What is asked for while it writes waits and goes into the
//! next group: one write, one flush and one move of the head for all of them.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use keyferry_core::{AuditEntry, AuditLine};
use tokio::sync::oneshot;

use super::files::Files;
use crate::Error;

/// Most lines of one group: bounds what a group holds in memory.
const GROUP: usize = 512;

/// An entry, and who waits for its line.
struct Job {
    entry: AuditEntry,
    answer: oneshot::Sender<Result<AuditLine, Error>>,
}

/// The way to the writing thread, which starts with the first entry and ends when the log is dropped.
#[derive(Debug, Default)]
pub(super) struct Writer {
    queue: OnceLock<Sender<Job>>,
}

impl Writer {
    /// Hands `entry` over, now; what it returns waits until the line is on disk.
    pub(super) fn append(
        &self,
        files: &Files,
        entry: AuditEntry,
    ) -> impl Future<Output = Result<AuditLine, Error>> + Send + use<> {
        let (answer, line) = oneshot::channel();
        let handed = self
            .queue(files)
            .and_then(|queue| queue.send(Job { entry, answer }).map_err(|_| stopped()));
        async move {
            handed?;
            line.await.map_err(|_| stopped())?
        }
    }

    fn queue(&self, files: &Files) -> Result<&Sender<Job>, Error> {
        if let Some(queue) = self.queue.get() {
            return Ok(queue);
        }
        let (queue, jobs) = channel();
        let files = files.clone();
        std::thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || write_all(&files, &jobs))
            .map_err(|source| Error::System {
                what: "cannot start the record's writer",
                source,
            })?;
        // Where two began at once, the other's thread ends when its queue is dropped here.
        Ok(self.queue.get_or_init(|| queue))
    }
}

fn write_all(files: &Files, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        let written = files.lock().and_then(|mut log| {
            // Waiting for the lock can take as long as another process's flush: who came meanwhile goes along.
            group.extend(jobs.try_iter().take(GROUP - 1));
            log.append(group.iter().map(|job| job.entry.clone()).collect())
        });
        match written {
            Ok(lines) => {
                for (job, line) in group.into_iter().zip(lines) {
                    // Nobody may be waiting any more; the line stands all the same.
                    let _ = job.answer.send(line);
                }
            }
            Err(error) => {
                for job in group {
                    let _ = job.answer.send(Err(again(&error)));
                }
            }
        }
    }
}

/// The same refusal once more: each of the group gets one of its own.
fn again(error: &Error) -> Error {
    match error {
        Error::AuditUnwritable { path, source } => Error::AuditUnwritable {
            path: path.clone(),
            source: match source.raw_os_error() {
                Some(code) => std::io::Error::from_raw_os_error(code),
                None => std::io::Error::new(source.kind(), source.to_string()),
            },
        },
        Error::AuditDamaged { path, reason } => Error::AuditDamaged {
            path: path.clone(),
            reason: reason.clone(),
        },
        _ => Error::Internal("the record's group of lines was refused"),
    }
}

fn stopped() -> Error {
    Error::Internal("the record's writer stopped")
}
