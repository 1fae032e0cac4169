//! The end of the log, compared with the head. Only the end is read: the log grows for years.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use keyferry_core::{AuditHead, AuditLine, verify_line};

/// How much of the end is looked at, in bytes; a line is far below 8 KiB.
const TAIL: u64 = 64 * 1024;

/// How the log's end stands to the head.
pub(super) enum Tail {
    /// The last line is the head's.
    Settled,
    /// What a crash can leave after the head's line: one whole line, a torn one, or both.
    Beyond {
        /// A line that follows the head.
        line: Option<Box<AuditLine>>,
        /// Where a torn line begins.
        torn_at: Option<u64>,
    },
    /// Nothing that a crash can leave.
    Damaged(String),
}

/// Compares the end of `log` with `head`.
pub(super) fn read_tail(log: &mut File, head: &AuditHead) -> io::Result<Tail> {
    let length = log.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(TAIL);
    let bytes = read_from(log, start)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |index| index + 1);
    let (lines, torn) = bytes.split_at(whole);
    let torn_at = (!torn.is_empty()).then_some(start + whole as u64);

    // The last two whole lines decide; the first one of the window may be cut, but then it is not among them.
    let mut last = lines
        .split(|byte| *byte == b'\n')
        .rev()
        .filter(|line| !line.is_empty());
    let (last, before) = (last.next(), last.next());
    Ok(match (last, before) {
        (None, _) if head.seq == 0 => settled(None, torn_at),
        (None, _) => Tail::Damaged("the log is shorter than its head says".to_owned()),
        (Some(last), _) if ends_at(last, head) => settled(None, torn_at),
        (Some(last), before) => {
            let follows = before.map_or(head.seq == 0 && start == 0, |line| ends_at(line, head));
            match parse(last, Some(head)) {
                Ok(line) if follows => settled(Some(Box::new(line)), torn_at),
                Ok(_) => Tail::Damaged("the line before the last is not the head's".to_owned()),
                Err(reason) => Tail::Damaged(reason),
            }
        }
    })
}

fn settled(line: Option<Box<AuditLine>>, torn_at: Option<u64>) -> Tail {
    match (&line, torn_at) {
        (None, None) => Tail::Settled,
        _ => Tail::Beyond { line, torn_at },
    }
}

fn ends_at(line: &[u8], head: &AuditHead) -> bool {
    parse(line, None).is_ok_and(|line| line.head() == *head)
}

fn parse(line: &[u8], head: Option<&AuditHead>) -> Result<AuditLine, String> {
    let text = std::str::from_utf8(line).map_err(|_| "the last line is not text".to_owned())?;
    verify_line(text, head).map_err(|error| error.to_string())
}

/// The file from `offset` to its end.
pub(super) fn read_from(mut file: &File, offset: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
