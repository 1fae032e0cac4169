//! Where the record lies, and its lock.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::head_file::HeadFile;
use super::locked::Locked;
use super::rotation;
use crate::Error;
use crate::disk;
use crate::error::shown;

/// Where the record lies, and how large its files become.
#[derive(Debug, Clone)]
pub(super) struct Files {
    folder: PathBuf,
    head: HeadFile,
    full: u64,
}

impl Files {
    /// The record in `folder`, whose files are full at so many bytes.
    pub(super) fn in_folder(folder: PathBuf, full: Option<u64>) -> Self {
        Self {
            head: HeadFile::in_folder(&folder),
            folder,
            full: full.unwrap_or(rotation::FULL),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log.jsonl")
    }

    pub(super) fn head(&self) -> &HeadFile {
        &self.head
    }

    /// The size at which a file is full, in bytes.
    pub(super) fn full(&self) -> u64 {
        self.full
    }

    /// Waits for the lock, opens the log (made when absent) and puts right what a crash left.
    pub(super) fn lock(&self) -> Result<Locked<'_>, Error> {
        let opened = || -> io::Result<(File, File)> {
            // A file of its own: the log gets another name when it is full.
            let lock = self.open(&self.lock_file(), OpenOptions::new().write(true))?;
            lock.lock()?;
            Ok((lock, self.open_log()?))
        };
        let (lock, log) = opened().map_err(|error| self.unwritable(error))?;
        Locked::settled(self, lock, log)
    }

    pub(super) fn lock_file(&self) -> PathBuf {
        self.folder.join("lock")
    }

    pub(super) fn open_log(&self) -> io::Result<File> {
        self.open(&self.log(), OpenOptions::new().read(true).append(true))
    }

    /// Opens a file of the record, made for its owner alone when absent.
    fn open(&self, path: &Path, options: &mut OpenOptions) -> io::Result<File> {
        match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.create(true).open(path)?;
        disk::sync_folder(&self.folder)?;
        Ok(file)
    }

    pub(super) fn unwritable(&self, source: io::Error) -> Error {
        Error::AuditUnwritable {
            path: shown(self.log()),
            source,
        }
    }

    pub(super) fn damaged(&self, reason: impl Into<String>) -> Error {
        Error::AuditDamaged {
            path: shown(self.log()),
            reason: reason.into(),
        }
    }
}
