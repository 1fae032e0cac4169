//! `head.json`: where the chain stands, so that a tail that was cut off shows.
//!
//! The file has one length and is written over in place, after the lines that it names are on disk. That costs no
//! flush of its own: what a program sees is always the newest head, and after a power cut an older one is caught up
//! with from the log. A check over its members tells a head that was torn by a power cut from one that names
//! another line.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use keyferry_core::{AuditHash, AuditHead};
use serde::{Deserialize, Serialize};

use crate::digest::sha256_hex;
use crate::disk;

/// Length of the file in bytes: below any disk's sector, above the largest head.
const LENGTH: usize = 256;

/// Hexadecimal digits of the check.
const CHECK: usize = 16;

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadState {
    /// The chain stands there.
    At(AuditHead),
    /// There is no file.
    Absent,
    /// What is there is no head.
    Unreadable,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    seq: u64,
    hash: AuditHash,
    /// Absent in heads that were written before it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check: Option<String>,
}

/// The head file of one record.
#[derive(Debug, Clone)]
pub(super) struct HeadFile(PathBuf);

impl HeadFile {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self(folder.join("head.json"))
    }

    pub(super) fn read(&self) -> io::Result<HeadState> {
        match std::fs::read(&self.0) {
            Ok(bytes) => Ok(parse(&bytes).map_or(HeadState::Unreadable, HeadState::At)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HeadState::Absent),
            Err(error) => Err(error),
        }
    }

    /// Moves the head for all who look from now on. Not yet on disk.
    pub(super) fn write(&self, head: &AuditHead) -> io::Result<()> {
        let file = match OpenOptions::new().write(true).open(&self.0) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        match file {
            Some(mut file) if file.metadata()?.len() == LENGTH as u64 => {
                file.write_all(&bytes(head)?)
            }
            _ => self.make(head),
        }
    }

    /// Puts what was written on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        // Windows flushes only what was opened for writing.
        OpenOptions::new().write(true).open(&self.0)?.sync_all()
    }

    /// A head of the right length, in the place of what was there, on disk.
    fn make(&self, head: &AuditHead) -> io::Result<()> {
        disk::replace(&self.0, &bytes(head)?)
    }
}

/// JSON, filled up with spaces, and a line break.
fn bytes(head: &AuditHead) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(&Content {
        seq: head.seq,
        hash: head.hash,
        check: Some(check(head)),
    })?;
    bytes.resize(LENGTH - 1, b' ');
    bytes.push(b'\n');
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Option<AuditHead> {
    let content: Content = serde_json::from_slice(bytes).ok()?;
    let head = AuditHead {
        seq: content.seq,
        hash: content.hash,
    };
    content
        .check
        .is_none_or(|told| told == check(&head))
        .then_some(head)
}

fn check(head: &AuditHead) -> String {
    let mut text =
        sha256_hex(format!("keyferry audit head 1\n{} {}", head.seq, head.hash).as_bytes());
    text.truncate(CHECK);
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use keyferry_core::{AuditEntry, AuditEvent, Outcome, Requester, chain};

    fn heads() -> (AuditHead, AuditHead) {
        let entry = AuditEntry::new(AuditEvent::Keygen, Outcome::Done, Requester::Bridge);
        let one = chain(&AuditHead::GENESIS, "2026-11-25T08:00:00Z", entry.clone());
        let two = chain(&one.head(), "2026-11-25T08:00:00Z", entry);
        (one.head(), two.head())
    }

    #[test]
    fn a_head_is_written_over_in_place_and_the_largest_fits() {
        let temp = tempfile::tempdir().unwrap();
        let file = HeadFile::in_folder(temp.path());
        assert_eq!(file.read().unwrap(), HeadState::Absent);
        let (one, _) = heads();
        let largest = AuditHead {
            seq: u64::MAX,
            ..one
        };
        for head in [one, largest, AuditHead::GENESIS] {
            file.write(&head).unwrap();
            file.sync().unwrap();
            assert_eq!(file.read().unwrap(), HeadState::At(head));
            let length = std::fs::metadata(temp.path().join("head.json"))
                .unwrap()
                .len();
            assert_eq!(length, LENGTH as u64);
        }
    }

    #[test]
    fn a_head_without_a_check_is_read_and_one_of_two_halves_is_not() {
        let (one, two) = heads();
        let before = serde_json::to_vec(&one).unwrap();
        assert_eq!(parse(&before), Some(one));
        let (first, second) = (bytes(&one).unwrap(), bytes(&two).unwrap());
        let mixed = (1..LENGTH)
            .map(|cut| [&second[..cut], &first[cut..]].concat())
            .filter(|mixed| *mixed != first && *mixed != second);
        let mut count = 0;
        for mixed in mixed {
            assert_eq!(parse(&mixed), None);
            count += 1;
        }
        assert!(count > 60, "{count}");
        assert_eq!(parse(&[0; LENGTH]), None);
        assert_eq!(parse(b""), None);
    }
}
