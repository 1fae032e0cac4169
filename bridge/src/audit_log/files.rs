//! The two files of the record, and how they are written so that a crash leaves nothing unclear.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use keyferry_core::{AuditEntry, AuditEvent, AuditHead, AuditLine, Outcome, Requester, chain};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::tail::{Tail, read_tail};
use crate::Error;
use crate::error::shown;

/// Where the record lies.
#[derive(Debug, Clone)]
pub(super) struct Files {
    folder: PathBuf,
}

/// The record while its lock is held; dropping it lets the lock go.
pub(super) struct Locked<'a> {
    files: &'a Files,
    log: File,
}

impl Files {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log.jsonl")
    }

    fn head(&self) -> PathBuf {
        self.folder.join("head.json")
    }

    /// Opens the log, made when absent, and waits for its lock.
    pub(super) fn lock(&self) -> Result<Locked<'_>, Error> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let log = options
            .open(self.log())
            .map_err(|error| self.unwritable(error))?;
        log.lock().map_err(|error| self.unwritable(error))?;
        Ok(Locked { files: self, log })
    }

    fn read_head(&self) -> Result<AuditHead, Error> {
        match std::fs::read(self.head()) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|_| self.damaged("head.json cannot be read"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(AuditHead::GENESIS),
            Err(error) => Err(self.unwritable(error)),
        }
    }

    /// Replaces the head in one step: whoever reads it sees the old or the new one, never a part.
    fn write_head(&self, head: &AuditHead) -> Result<(), Error> {
        let replace = || -> io::Result<()> {
            let mut file = tempfile::Builder::new()
                .prefix(".head-")
                .tempfile_in(&self.folder)?;
            serde_json::to_writer(&mut file, head)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(self.head())?;
            sync_folder(&self.folder)
        };
        replace().map_err(|error| self.unwritable(error))
    }

    fn unwritable(&self, source: io::Error) -> Error {
        Error::AuditUnwritable {
            path: shown(self.log()),
            source,
        }
    }

    fn damaged(&self, reason: impl Into<String>) -> Error {
        Error::AuditDamaged {
            path: shown(self.log()),
            reason: reason.into(),
        }
    }
}

impl Locked<'_> {
    /// Brings log and head together again after a crash, and gives where the chain stands. One whole line that
    /// follows the head was written before the head could be replaced: it is taken up. A torn line was never
    /// answered for: it is set aside. Each is recorded. Anything else was not us.
    pub(super) fn settle(&mut self) -> Result<AuditHead, Error> {
        let mut head = self.files.read_head()?;
        let tail = read_tail(&mut self.log, &head).map_err(|error| self.files.unwritable(error))?;
        let mut events = Vec::new();
        match tail {
            Tail::Settled => {}
            Tail::Beyond { line, torn_at } => {
                if let Some(line) = line {
                    head = line.head();
                    self.files.write_head(&head)?;
                    events.push(AuditEvent::LineTakenUp);
                }
                if let Some(offset) = torn_at {
                    self.set_aside(offset)?;
                    events.push(AuditEvent::LineSetAside);
                }
            }
            Tail::Damaged(reason) => return Err(self.files.damaged(reason)),
        }
        for event in events {
            self.write_line(
                &mut head,
                AuditEntry::new(event, Outcome::Done, Requester::Bridge),
            )?;
        }
        Ok(head)
    }

    /// Chains, writes and syncs one line, then moves the head.
    pub(super) fn write_line(
        &mut self,
        head: &mut AuditHead,
        entry: AuditEntry,
    ) -> Result<AuditLine, Error> {
        let time = OffsetDateTime::now_utc()
            .replace_nanosecond(0)
            .ok()
            .and_then(|now| now.format(&Rfc3339).ok())
            .ok_or(Error::Internal(
                "the clock shows no date that can be written",
            ))?;
        let line = chain(head, &time, entry);
        let mut bytes = line.to_json().into_bytes();
        bytes.push(b'\n');
        let before = self
            .log
            .metadata()
            .map_err(|error| self.files.unwritable(error))?
            .len();
        let written = self
            .log
            .write_all(&bytes)
            .and_then(|()| self.log.sync_data());
        if let Err(error) = written {
            // Best effort: what cannot be cut off now is set aside as torn by the next append.
            let _ = self.log.set_len(before);
            return Err(self.files.unwritable(error));
        }
        self.files.write_head(&line.head())?;
        *head = line.head();
        Ok(line)
    }

    /// Moves everything from `offset` on into a file of its own.
    fn set_aside(&mut self, offset: u64) -> Result<(), Error> {
        let moved = || -> io::Result<()> {
            let torn = super::tail::read_from(&self.log, offset)?;
            let mut file = tempfile::Builder::new()
                .prefix("torn-")
                .suffix(".bin")
                .disable_cleanup(true)
                .tempfile_in(&self.files.folder)?;
            file.write_all(&torn)?;
            file.as_file().sync_all()?;
            self.log.set_len(offset)?;
            self.log.sync_all()
        };
        moved().map_err(|error| self.files.unwritable(error))
    }
}

#[cfg(unix)]
fn sync_folder(folder: &std::path::Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; the rename itself is as durable as the system makes it.
#[cfg(not(unix))]
fn sync_folder(_folder: &std::path::Path) -> io::Result<()> {
    Ok(())
}
