//! The append-only record of what was done with keys: JSON lines in `audit/log.jsonl` of the state folder, each
//! chained to the one before (core's `audit`), and `audit/head.json`, which says where the chain stands. A log that
//! is full becomes `log-FIRST-LAST.jsonl`, and the next one goes on in its chain.
//!
//! Several processes may write on one state folder: whoever appends takes a lock, looks at the tail anew, chains,
//! writes and flushes. Within a process, what is appended at the same time is one group with one flush. What a crash
//! left between log and head is put right by the next append, and recorded.

mod fault;
mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod head_file;
mod locked;
mod reader;
mod rotation;
mod tail;
mod writer;

use std::sync::Arc;

use keyferry_core::{AuditEntry, AuditLine};

use crate::Error;
use crate::config::SettingsFile;
use crate::state::StateFolder;
use crate::stopwatch::Stopwatch;
use files::Files;
pub use reader::Snapshot;
use writer::Writer;

/// The record of one state folder. Clones share one writer.
#[derive(Debug, Clone)]
pub struct AuditLog {
    files: Files,
    writer: Arc<Writer>,
    /// Time that lines took to be on disk.
    waited: Stopwatch,
}

impl AuditLog {
    /// The record of `state`; its folder is made when absent.
    ///
    /// # Errors
    /// [`Error::StateUnusable`], and [`Error::ConfigInvalid`] when the settings, which say how large its files become,
    /// cannot be read.
    pub fn open(state: &StateFolder) -> Result<Self, Error> {
        let settings = SettingsFile::read(&state.config_file())?;
        let full = settings
            .audit_file_mib
            .map(|mib| u64::from(mib.get()) * 1024 * 1024);
        Ok(Self {
            files: Files::in_folder(state.folder("audit")?, full),
            writer: Arc::default(),
            waited: Stopwatch::default(),
        })
    }

    /// Appends one line and returns it once it is on disk. What others append at the same time shares its flush. Its
    /// place in the chain is taken by the call: what is appended later comes after it, whoever waits first.
    ///
    /// # Errors
    /// [`Error::AuditUnwritable`], with nothing half written left behind; [`Error::AuditDamaged`] when log and
    /// head do not fit together.
    pub fn append(
        &self,
        entry: AuditEntry,
    ) -> impl Future<Output = Result<AuditLine, Error>> + Send + use<> {
        let written = self.writer.append(&self.files, entry);
        let waited = self.waited.clone();
        async move { waited.time(written).await }
    }

    /// The record as it stands now, to be read.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`].
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        Snapshot::take(self.files.folder())
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
        let answers = self.files.lock()?.append(vec![entry])?;
        answers
            .into_iter()
            .next()
            .unwrap_or(Err(Error::Internal("the record answered for no line")))
    }
}

#[cfg(test)]
mod tests;
