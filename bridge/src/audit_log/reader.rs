//! Reads a record and changes nothing in it: no line is settled, nothing is made.
//!
//! What is read is what stood there at one moment, for which writers are held off; the reading itself holds nobody.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use keyferry_core::{AuditHead, AuditLine, ChainWalk, HeadSeen, MAX_AUDIT_LINE, Trouble};

use super::files::Files;
use super::head_file::{HeadFile, HeadState};
use super::rotation::{FullFile, before_log, full_files};
use super::tail::last_line;
use crate::Error;
use crate::error::shown;

/// A record as it stood at one moment.
#[derive(Debug)]
pub struct Snapshot {
    folder: PathBuf,
    full: Vec<(FullFile, PathBuf)>,
    /// The log and how much of it counts; none between two files.
    log: Option<(File, u64)>,
    head: HeadSeen,
}

impl Snapshot {
    /// Takes the record in this folder (`audit` of a state folder, or a copy of it).
    ///
    /// # Errors
    /// [`Error::FileUnreadable`].
    pub fn take(folder: &Path) -> Result<Self, Error> {
        Self::read(folder).map_err(|source| Error::unreadable(folder, source))
    }

    fn read(folder: &Path) -> io::Result<Self> {
        let files = Files::in_folder(folder.to_owned(), None);
        // A copy, or a record of before, may have no lock, and nobody who writes.
        let lock = absent(File::open(files.lock_file()))?;
        if let Some(lock) = &lock {
            lock.lock_shared()?;
        }
        let head = match HeadFile::in_folder(folder).read()? {
            HeadState::At(head) => HeadSeen::At(head),
            HeadState::Absent => HeadSeen::Absent,
            HeadState::Unreadable => HeadSeen::Unreadable,
        };
        let full = full_files(folder)?;
        let log = match absent(File::open(files.log()))? {
            Some(log) => {
                let length = log.metadata()?.len();
                Some((log, length))
            }
            None => None,
        };
        drop(lock);
        Ok(Self {
            folder: folder.to_owned(),
            full,
            log,
            head,
        })
    }

    /// What the head file says.
    #[must_use]
    pub fn head(&self) -> HeadSeen {
        self.head
    }

    /// Walks all lines, and shows each that is one to `seen`.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`].
    pub fn walk(&self, walk: &mut ChainWalk, mut seen: impl FnMut(AuditLine)) -> Result<(), Error> {
        for (file, path) in &self.full {
            walk.file(&file.name());
            let unreadable = |error| Error::unreadable(path, error);
            let opened = File::open(path).map_err(unreadable)?;
            let torn = lines(&opened, u64::MAX, |line| {
                walk.line(line).into_iter().for_each(&mut seen);
            })
            .map_err(unreadable)?;
            if torn {
                walk.torn(false);
            }
            let walked = walk.files().last();
            let named = (Some(file.first), Some(file.last));
            if walked.is_some_and(|walked| (walked.first, walked.last) != named) {
                walk.find(Trouble::FileName, None);
            }
        }
        if let Some((log, length)) = &self.log {
            walk.file("log.jsonl");
            let torn = lines(log, *length, |line| {
                walk.line(line).into_iter().for_each(&mut seen);
            })
            .map_err(|error| Error::unreadable(&self.folder.join("log.jsonl"), error))?;
            if torn {
                walk.torn(true);
            }
        }
        Ok(())
    }

    /// Where the chain stands, if head file and last line agree; only the end is read.
    ///
    /// # Errors
    /// [`Error::AuditDamaged`] when they do not, [`Error::FileUnreadable`].
    pub fn agreed_head(&self) -> Result<AuditHead, Error> {
        let unreadable = |error| Error::unreadable(&self.folder, error);
        let last = match &self.log {
            Some((log, length)) if *length > 0 => {
                let mut log = log.try_clone().map_err(unreadable)?;
                last_line(&mut log)
                    .map_err(unreadable)?
                    .map(|line| line.head())
            }
            _ => before_log(&self.folder).map_err(unreadable)?,
        };
        match (self.head, last) {
            (HeadSeen::At(head), Some(last)) if head == last => Ok(head),
            (HeadSeen::Absent, Some(last)) if last == AuditHead::GENESIS => Ok(last),
            _ => Err(Error::AuditDamaged {
                path: shown(self.folder.join("log.jsonl")),
                reason: "its last line is not the one that head.json names".to_owned(),
            }),
        }
    }
}

/// Gives every whole line to `each`, without its line break; true when the file ends in the midst of one.
fn lines(file: &File, length: u64, mut each: impl FnMut(&[u8])) -> io::Result<bool> {
    let mut reader = BufReader::with_capacity(64 * 1024, file.take(length));
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        line.clear();
        let limit = MAX_AUDIT_LINE as u64 + 1;
        let read = (&mut reader).take(limit).read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\n") {
            Some(_) if too_long => {
                // What is longer than any line is no line, whatever is in it.
                each(b"");
                too_long = false;
            }
            Some(line) => each(line),
            None if read as u64 == limit => too_long = true,
            None => return Ok(read > 0 || too_long),
        }
    }
}

fn absent(opened: io::Result<File>) -> io::Result<Option<File>> {
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
