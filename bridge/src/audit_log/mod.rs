//! The append-only record of what was done with keys: JSON lines in `audit/log.jsonl` of the state folder, each
//! chained to the one before (core's `audit`), and `audit/head.json`, which says where the chain stands.
//!
//! Several processes may write on one state folder: every append takes a lock, looks at the tail anew, chains,
//! writes and syncs. What a crash left between log and head is put right by the next append, and recorded.

mod files;
mod tail;

use keyferry_core::{AuditEntry, AuditLine};

use crate::Error;
use crate::state::StateFolder;
use crate::stopwatch::Stopwatch;
use files::Files;

/// The record of one state folder.
#[derive(Debug, Clone)]
pub struct AuditLog {
    files: Files,
    /// Time that lines took to be on disk.
    waited: Stopwatch,
}

impl AuditLog {
    /// The record of `state`; its folder is made when absent.
    ///
    /// # Errors
    /// [`Error::StateUnusable`].
    pub fn open(state: &StateFolder) -> Result<Self, Error> {
        Ok(Self {
            files: Files::in_folder(state.folder("audit")?),
            waited: Stopwatch::default(),
        })
    }

    /// Appends one line and returns it once it is on disk.
    ///
    /// # Errors
    /// [`Error::AuditUnwritable`], with nothing half written left behind; [`Error::AuditDamaged`] when log and
    /// head do not fit together.
    pub async fn append(&self, entry: AuditEntry) -> Result<AuditLine, Error> {
        let log = self.clone();
        // Waiting for the lock and for the disk is no work for the threads that serve.
        let written = tokio::task::spawn_blocking(move || log.append_blocking(entry));
        self.waited
            .time(written)
            .await
            .map_err(|_| Error::Internal("the record's writer stopped"))?
    }

    /// How long lines took to be on disk so far.
    #[cfg(feature = "vault")]
    pub(crate) fn waited(&self) -> std::time::Duration {
        self.waited.total()
    }

    /// [`AuditLog::append`] for callers outside a runtime.
    ///
    /// # Errors
    /// As [`AuditLog::append`].
    pub fn append_blocking(&self, entry: AuditEntry) -> Result<AuditLine, Error> {
        let mut log = self.files.lock()?;
        let mut head = log.settle()?;
        let line = log.write_line(&mut head, entry)?;
        Ok(line)
    }
}

#[cfg(test)]
mod tests;
