//! The end of the log, compared with the head. In the usual case only the end is read: the log grows for years.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use keyferry_core::{AuditHead, AuditLine, MAX_AUDIT_LINE, verify_line};

/// How much of the end is looked at first, in bytes; a line is far below it.
const WINDOW: u64 = 4 * 1024;

/// The last line of `log`, when the file ends with a whole one that is what was written, and once only.
pub(super) fn last_line(log: &mut File) -> io::Result<Option<AuditLine>> {
    let length = log.seek(SeekFrom::End(0))?;
    let mut window = WINDOW;
    loop {
        let start = length.saturating_sub(window);
        let bytes = read_from(log, start)?;
        let Some(lines) = bytes.strip_suffix(b"\n") else {
            return Ok(None);
        };
        let mut lines = lines.rsplit(|byte| *byte == b'\n');
        let (last, previous, more) = (lines.next(), lines.next(), lines.next());
        // The first piece of the window may be a part of its line.
        if more.is_some() || start == 0 || window > 3 * MAX_AUDIT_LINE as u64 {
            return Ok(last
                .filter(|last| previous != Some(last))
                .and_then(|last| parse(last, None).ok()));
        }
        window *= 8;
    }
}

/// The log, walked from its beginning.
pub(super) struct Walked {
    /// Where the chain ends.
    pub(super) end: AuditHead,
    /// How many lines follow the head; none when the head was not met.
    pub(super) beyond: Option<u64>,
    /// What is behind the last line that belongs to the chain.
    pub(super) rest: Rest,
}

/// What follows the chain's last line.
pub(super) enum Rest {
    /// Nothing.
    Nothing,
    /// What an interrupted write leaves, from this offset on.
    Torn(u64),
    /// Something else: why the line there does not belong to the chain.
    Foreign(String),
}

/// Follows the chain through `log` from `before` as far as it holds, and looks for `head` in it.
pub(super) fn walk(
    log: &mut File,
    before: AuditHead,
    head: Option<AuditHead>,
) -> io::Result<Walked> {
    log.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(&*log);
    let (mut end, mut offset) = (before, 0);
    // Without a head every line counts as beyond it.
    let mut beyond = (head.is_none() || head == Some(before)).then_some(0);
    loop {
        let mut bytes = Vec::new();
        let limit = MAX_AUDIT_LINE as u64 + 1;
        let read = (&mut reader).take(limit).read_until(b'\n', &mut bytes)?;
        let rest = match bytes.strip_suffix(b"\n") {
            None if read == 0 => Rest::Nothing,
            None if read as u64 == limit && !bytes.contains(&0) => {
                Rest::Foreign("a line is larger than any that is written".to_owned())
            }
            None => Rest::Torn(offset),
            Some(line) => match parse(line, Some(&end)) {
                Ok(line) => {
                    offset += read as u64;
                    end = line.head();
                    beyond = match beyond {
                        Some(count) => Some(count + 1),
                        None => (head == Some(end)).then_some(0),
                    };
                    continue;
                }
                // Blocks that a power cut left unwritten read as zero bytes, which no line has.
                Err(_) if line.contains(&0) => Rest::Torn(offset),
                Err(reason) => Rest::Foreign(reason),
            },
        };
        return Ok(Walked { end, beyond, rest });
    }
}

fn parse(line: &[u8], head: Option<&AuditHead>) -> Result<AuditLine, String> {
    let text = std::str::from_utf8(line).map_err(|_| "a line is not text".to_owned())?;
    verify_line(text, head).map_err(|error| error.to_string())
}

/// The file from `offset` to its end.
pub(super) fn read_from(mut file: &File, offset: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
