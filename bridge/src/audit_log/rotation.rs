//! Files of the record that are full. `log.jsonl` gets a name that tells its first and last line, and the next file
//! goes on in the chain.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use keyferry_core::{AuditHead, MAX_AUDIT_LINE, verify_line};

/// Size at which a file is full when the settings say nothing, in bytes.
pub(super) const FULL: u64 = 16 * 1024 * 1024;

/// Digits of a sequence number in a name, at least, so that names sort.
const DIGITS: usize = 8;

/// The name of a full file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FullFile {
    /// Its first line.
    pub(super) first: u64,
    /// Its last line.
    pub(super) last: u64,
}

impl FullFile {
    pub(super) fn name(&self) -> String {
        format!("log-{:0DIGITS$}-{:0DIGITS$}.jsonl", self.first, self.last)
    }

    /// Reads a name that [`FullFile::name`] made, and no other spelling of it.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let numbers = name.strip_prefix("log-")?.strip_suffix(".jsonl")?;
        let (first, last) = numbers.split_once('-')?;
        let file = Self {
            first: first.parse().ok()?,
            last: last.parse().ok()?,
        };
        (file.name() == name).then_some(file)
    }
}

/// The full files of a folder, the oldest first.
pub(super) fn full_files(folder: &Path) -> io::Result<Vec<(FullFile, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(file) = entry.file_name().to_str().and_then(FullFile::parse) {
            files.push((file, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// The number of a log's first line, as the line itself says.
pub(super) fn first_seq(log: &Path) -> io::Result<Option<u64>> {
    let mut first = Vec::new();
    let limit = MAX_AUDIT_LINE as u64 + 1;
    BufReader::new(io::Read::take(File::open(log)?, limit)).read_until(b'\n', &mut first)?;
    let first = first.strip_suffix(b"\n").unwrap_or(&first);
    Ok(std::str::from_utf8(first)
        .ok()
        .and_then(|text| verify_line(text, None).ok())
        .map(|line| line.seq))
}

/// What the chain of `log.jsonl` follows: the last line of the last full file.
pub(super) fn before_log(folder: &Path) -> io::Result<Option<AuditHead>> {
    let Some((file, path)) = full_files(folder)?.pop() else {
        return Ok(Some(AuditHead::GENESIS));
    };
    let last = super::tail::last_line(&mut File::open(path)?)?;
    Ok(last
        .map(|line| line.head())
        .filter(|head| head.seq == file.last))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_tells_first_and_last_line_and_has_one_spelling() {
        let file = FullFile {
            first: 1,
            last: 4096,
        };
        assert_eq!(file.name(), "log-00000001-00004096.jsonl");
        assert_eq!(FullFile::parse(&file.name()), Some(file));
        let far = FullFile {
            first: 123_456_789,
            last: u64::MAX,
        };
        assert_eq!(FullFile::parse(&far.name()), Some(far));
        for other in [
            "log.jsonl",
            "log-1-4096.jsonl",
            "log-000000001-00004096.jsonl",
            "log-+0000001-00004096.jsonl",
            "log-00000001-00004096.jsonl.gz",
            "log-00000001.jsonl",
        ] {
            assert_eq!(FullFile::parse(other), None, "{other}");
        }
    }
}
