//! The record while its lock is held: settled after a crash, written in groups, rotated when full.

use std::fs::File;
use std::io::{self, Write};

use keyferry_core::{
    AuditEntry, AuditEvent, AuditHead, AuditLine, MAX_AUDIT_LINE, Outcome, Requester, chain,
};

use super::fault::{self, Place, reach};
use super::files::Files;
use super::head_file::HeadState;
use super::rotation::{FullFile, before_log, first_seq};
use super::tail::{Rest, last_line, read_from, walk};
use crate::Error;
use crate::disk;
use crate::moment;

/// The record, whose log and head fit together. Dropping it lets the lock go.
pub(super) struct Locked<'a> {
    files: &'a Files,
    _lock: File,
    log: File,
    head: AuditHead,
}

impl<'a> Locked<'a> {
    /// Brings log and head together again after a crash. Whole lines that follow the head were written before the
    /// head could be moved: they are taken up. A torn line was never answered for: it is set aside. A head that is
    /// absent or torn is made anew. Each is recorded. Anything else was not us.
    pub(super) fn settled(files: &'a Files, lock: File, log: File) -> Result<Self, Error> {
        let mut this = Self {
            files,
            _lock: lock,
            log,
            head: AuditHead::GENESIS,
        };
        let events = this.settle()?;
        if !events.is_empty() {
            this.append(events)?;
        }
        Ok(this)
    }

    fn settle(&mut self) -> Result<Vec<AuditEntry>, Error> {
        let io = |error| self.files.unwritable(error);
        let state = self.files.head().read().map_err(io)?;
        let length = self.log.metadata().map_err(io)?.len();
        let before = if length == 0 || !matches!(state, HeadState::At(_)) {
            before_log(self.files.folder()).map_err(io)?
        } else {
            None
        };
        match state {
            // As it nearly always is: the last line is the head's, or the file is the next one after it.
            HeadState::At(head) if length == 0 && before == Some(head) => {
                self.head = head;
                Ok(Vec::new())
            }
            HeadState::At(head) if length > 0 => {
                let last = last_line(&mut self.log).map_err(io)?;
                if last.is_some_and(|line| line.head() == head) {
                    self.head = head;
                    return Ok(Vec::new());
                }
                self.recover(Some(head))
            }
            HeadState::At(head) => self.recover(Some(head)),
            HeadState::Absent if length == 0 && before == Some(AuditHead::GENESIS) => {
                // There before the first line is, so that a record without one is not a new record.
                self.files.head().write(&self.head).map_err(io)?;
                Ok(Vec::new())
            }
            HeadState::Absent | HeadState::Unreadable => self.recover(None),
        }
    }

    /// The slow way, after a crash: the whole file is read.
    fn recover(&mut self, head: Option<AuditHead>) -> Result<Vec<AuditEntry>, Error> {
        let io = |error| self.files.unwritable(error);
        let before = before_log(self.files.folder())
            .map_err(io)?
            .ok_or_else(|| {
                self.files
                    .damaged("the last of the full files does not end as its name says")
            })?;
        let walked = walk(&mut self.log, before, head).map_err(io)?;
        if let Rest::Foreign(reason) = &walked.rest {
            let line = walked.end.seq.saturating_add(1);
            return Err(self
                .files
                .damaged(format!("where line {line} should be: {reason}")));
        }
        let Some(beyond) = walked.beyond else {
            return Err(self.files.damaged(format!(
                "line {}, which head.json names, is not there as it was written",
                head.unwrap_or(AuditHead::GENESIS).seq
            )));
        };

        let event = |event, lines| AuditEntry {
            lines,
            ..AuditEntry::new(event, Outcome::Done, Requester::Bridge)
        };
        let mut events = Vec::new();
        if beyond > 0 || head.is_none() {
            // On disk before anything follows them: a power cut may have undone what was never flushed.
            self.log.sync_data().map_err(io)?;
            self.files
                .head()
                .write(&walked.end)
                .and_then(|()| self.files.head().sync())
                .and_then(|()| reach(Place::TakenUp))
                .map_err(io)?;
        }
        if head.is_none() {
            events.push(event(AuditEvent::HeadRemade, None));
        } else if beyond > 0 {
            events.push(event(AuditEvent::LineTakenUp, Some(beyond)));
        }
        if let Rest::Torn(offset) = walked.rest {
            self.set_aside(offset)?;
            events.push(event(AuditEvent::LineSetAside, None));
        }
        self.head = walked.end;
        Ok(events)
    }

    /// Chains `entries` and writes them as one group: one write, one flush, then the head. The answer for each is its
    /// line, which is on disk, or why it alone was refused.
    ///
    /// # Errors
    /// The whole group was refused, and nothing of it is left in the log.
    pub(super) fn append(
        &mut self,
        entries: Vec<AuditEntry>,
    ) -> Result<Vec<Result<AuditLine, Error>>, Error> {
        let time = moment::present().ok_or(Error::Internal(
            "the clock shows no date that can be written",
        ))?;
        if self.is_full()? {
            self.rotate()?;
        }
        let mut head = self.head;
        let mut bytes = Vec::new();
        let mut answers = Vec::with_capacity(entries.len());
        for entry in entries {
            let line = chain(&head, &time, entry);
            let json = line.to_json();
            if json.len() > MAX_AUDIT_LINE {
                answers.push(Err(self.files.unwritable(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the line would be larger than any that is read again",
                ))));
                continue;
            }
            bytes.extend_from_slice(json.as_bytes());
            bytes.push(b'\n');
            head = line.head();
            answers.push(Ok(line));
        }
        self.write(&bytes, &head)
            .map_err(|error| self.files.unwritable(error))?;
        Ok(answers)
    }

    fn write(&mut self, bytes: &[u8], head: &AuditHead) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let before = self.log.metadata()?.len();
        let written = fault::write(&mut self.log, bytes)
            .and_then(|()| reach(Place::Written))
            .and_then(|()| self.log.sync_data())
            .and_then(|()| reach(Place::Synced))
            .and_then(|()| self.files.head().write(head));
        if let Err(error) = written {
            // Best effort: what cannot be taken back now is set aside as torn, or taken up, by the next append.
            let _ = self.log.set_len(before).and_then(|()| self.log.sync_data());
            return Err(error);
        }
        self.head = *head;
        reach(Place::HeadMoved)
    }

    fn is_full(&self) -> Result<bool, Error> {
        let length = self
            .log
            .metadata()
            .map_err(|error| self.files.unwritable(error))?
            .len();
        Ok(length >= self.files.full())
    }

    /// Gives the log its final name and begins the next. Between the two there is no log: whoever comes then finds
    /// that the head is the last line of the full file, and goes on after it.
    fn rotate(&mut self) -> Result<(), Error> {
        let io = |error| self.files.unwritable(error);
        let log = self.files.log();
        let first = first_seq(&log)
            .map_err(io)?
            .ok_or_else(|| self.files.damaged("its first line is not one"))?;
        let full = FullFile {
            first,
            last: self.head.seq,
        };
        let path = self.files.folder().join(full.name());
        if path.exists() {
            return Err(self
                .files
                .damaged(format!("{} exists before it was written", full.name())));
        }
        let renamed = || -> io::Result<File> {
            // The head of a later file is found from here on.
            self.files.head().sync()?;
            reach(Place::RotationBegun)?;
            std::fs::rename(&log, &path)?;
            reach(Place::Renamed)?;
            let next = self.files.open_log()?;
            reach(Place::NextMade)?;
            Ok(next)
        };
        self.log = renamed().map_err(io)?;
        Ok(())
    }

    /// Moves everything from `offset` on into a file of its own.
    fn set_aside(&mut self, offset: u64) -> Result<(), Error> {
        let moved = || -> io::Result<()> {
            let torn = read_from(&self.log, offset)?;
            let mut file = tempfile::Builder::new()
                .prefix("torn-")
                .suffix(".bin")
                .disable_cleanup(true)
                .tempfile_in(self.files.folder())?;
            file.write_all(&torn)?;
            file.as_file().sync_all()?;
            disk::sync_folder(self.files.folder())?;
            reach(Place::Kept)?;
            self.log.set_len(offset)?;
            self.log.sync_all()
        };
        moved().map_err(|error| self.files.unwritable(error))
    }
}
