//! Where transfers are kept: `STATE/transfers/ID.json`, and beside it the file and its receipt. Each
//! write replaces the whole file; one process at a time holds a transfer.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::memo::Memo;
use crate::Error;
use crate::cli::document;
use crate::cli::output_file::{Existing, OutputFile};
use crate::disk;
use crate::error::shown;
use crate::state::StateFolder;
use crate::vault::TransferId;

/// Larger than any state file: a release policy is its largest part.
const MAX_MEMO: usize = 256 * 1024;

/// The transfers of a state folder.
pub(super) struct TransferFolder(PathBuf);

/// A transfer that this process holds.
pub(super) struct Held {
    pub(super) memo: Memo,
    folder: PathBuf,
    _lock: File,
}

impl TransferFolder {
    pub(super) fn open(state: &StateFolder) -> Result<Self, Error> {
        state.folder("transfers").map(Self)
    }

    /// Keeps a new transfer.
    pub(super) fn begin(&self, memo: Memo) -> Result<Held, Error> {
        let held = self.hold(memo)?;
        held.save()?;
        Ok(held)
    }

    /// The transfer of this id, or the only one that is unfinished.
    pub(super) fn resume(&self, id: Option<&str>) -> Result<Held, Error> {
        let id = match id {
            Some(id) => id
                .parse::<TransferId>()
                .map_err(|reason| Error::Usage(format!("--resume: {reason}")))?,
            None => self.unfinished()?,
        };
        let memo = self.read(id.as_str())?;
        let held = self.hold(memo)?;
        // Read again under the lock: it may have gone on since.
        let memo = self.read(id.as_str())?;
        Ok(Held { memo, ..held })
    }

    fn unfinished(&self) -> Result<TransferId, Error> {
        let entries = fs::read_dir(&self.0).map_err(|error| Error::state(&self.0, error))?;
        let mut open: Vec<TransferId> = entries
            .filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                let id: TransferId = name.strip_suffix(".json")?.parse().ok()?;
                let memo = self.read(id.as_str()).ok()?;
                (!memo.progress.is_done()).then_some(id)
            })
            .collect();
        open.sort();
        match open.as_slice() {
            [id] => Ok(id.clone()),
            [] => Err(Error::Usage("no transfer is unfinished".to_owned())),
            several => {
                let ids: Vec<&str> = several.iter().map(TransferId::as_str).collect();
                Err(Error::Usage(format!(
                    "several transfers are unfinished; say which: --resume {}",
                    ids.join(", --resume ")
                )))
            }
        }
    }

    fn read(&self, id: &str) -> Result<Memo, Error> {
        let path = self.0.join(format!("{id}.json"));
        let bytes = document::read(&path, MAX_MEMO)?;
        let damaged = |reason: &str| Error::TransferDamaged {
            path: shown(&path),
            reason: reason.to_owned(),
        };
        let memo: Memo = serde_json::from_slice(&bytes)
            .map_err(|_| damaged("it is not JSON of its own form"))?;
        if memo.version != Memo::VERSION || memo.id != id {
            return Err(damaged("it is of another version or another transfer"));
        }
        Ok(memo)
    }

    fn hold(&self, memo: Memo) -> Result<Held, Error> {
        let path = self.0.join(format!("{}.lock", memo.id));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let lock = options
            .open(&path)
            .map_err(|error| Error::state(&path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Held {
                memo,
                folder: self.0.clone(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::state(
                &path,
                io::Error::new(io::ErrorKind::WouldBlock, "another process goes on with it"),
            )),
            Err(TryLockError::Error(error)) => Err(Error::state(&path, error)),
        }
    }
}

impl Held {
    /// Where the state file lies.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.memo.id))
    }

    /// Where the key transfer file lies or goes.
    pub(super) fn file(&self) -> PathBuf {
        let own = || self.folder.join(format!("{}.byok", self.memo.id));
        self.memo.out.clone().unwrap_or_else(own)
    }

    /// Writes the state file: whole, on disk, for its owner alone.
    pub(super) fn save(&self) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(&self.memo)
            .map_err(|_| Error::Internal("a transfer that cannot be written down"))?;
        disk::replace(&self.path(), &text).map_err(|error| Error::state(&self.path(), error))
    }
}

/// Writes a transfer's own file, over what an earlier try left.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    OutputFile::check(path, Existing::Replace)?.write(bytes)
}
