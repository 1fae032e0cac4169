//! Walks a whole record, line by line, and goes on behind what does not hold: every damage is found, not the first
//! alone.
//!
//! A line belongs to the chain when it follows one of the *ends*: the line before, or an earlier place where the
//! chain was left. So a line that was moved is told from one that was removed, and what comes after either is not
//! blamed for it.

use super::finding::{AuditFinding, Place, Trouble};
use super::{AuditError, AuditHead, AuditLine, verify_line};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most findings that are kept; the others are counted.
const MOST: usize = 1000;

/// Most ends that are remembered; only a log of nothing but damage has more.
const ENDS: usize = 64;

/// Most lines of one number that are kept for who asked for it.
const SAME: usize = 8;

/// One file of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct WalkedFile {
    /// Its name.
    pub name: String,
    /// How many whole lines it has.
    pub lines: u64,
    /// Number of its first line that belongs to the chain.
    pub first: Option<u64>,
    /// Number of its last.
    pub last: Option<u64>,
}

/// Lines that were not where they should be.
#[derive(Debug)]
struct Gap {
    /// First number that is missing.
    first: u64,
    /// Last.
    last: u64,
    /// How many of them turned up later.
    filled: u64,
    /// Which finding tells of it; none when there were too many.
    finding: Option<usize>,
}

/// A record on its way through verification.
#[derive(Debug)]
pub struct ChainWalk {
    end: AuditHead,
    others: Vec<AuditHead>,
    /// Lines that do not hold, since the last one that did.
    bad: u64,
    gaps: Vec<Gap>,
    files: Vec<WalkedFile>,
    findings: Vec<AuditFinding>,
    more: u64,
    /// Lines that are asked for by number, once they came, and where.
    wanted: BTreeMap<u64, Vec<(AuditLine, Place)>>,
}

impl Default for ChainWalk {
    fn default() -> Self {
        Self::wanting([])
    }
}

impl ChainWalk {
    /// A walk that remembers the lines with these numbers.
    pub fn wanting(numbers: impl IntoIterator<Item = u64>) -> Self {
        Self {
            end: AuditHead::GENESIS,
            others: Vec::new(),
            bad: 0,
            gaps: Vec::new(),
            files: Vec::new(),
            findings: Vec::new(),
            more: 0,
            wanted: numbers.into_iter().map(|seq| (seq, Vec::new())).collect(),
        }
    }

    /// The next file begins.
    pub fn file(&mut self, name: &str) {
        self.files.push(WalkedFile {
            name: name.to_owned(),
            lines: 0,
            first: None,
            last: None,
        });
    }

    /// The file's next line, without its line break. Gives the line if it is one that was written, wherever it stands.
    pub fn line(&mut self, bytes: &[u8]) -> Option<AuditLine> {
        if let Some(file) = self.files.last_mut() {
            file.lines += 1;
        }
        let parsed = std::str::from_utf8(bytes)
            .map_err(|_| AuditError::Form)
            .and_then(|text| verify_line(text, None));
        match parsed {
            Ok(line) => {
                self.place_line(&line);
                Some(line)
            }
            Err(error) => {
                let trouble = match error {
                    AuditError::Hash => Trouble::Changed,
                    AuditError::Form | AuditError::Order => Trouble::NoLine,
                };
                let seq = self.next_number().saturating_add(self.bad);
                self.bad += 1;
                self.find(trouble, Some(seq));
                None
            }
        }
    }

    /// The file ends in the midst of a line. In a file that is still written this is what a crash leaves.
    pub fn torn(&mut self, still_written: bool) {
        if let Some(file) = self.files.last_mut() {
            file.lines += 1;
        }
        let seq = self.next_number().saturating_add(self.bad);
        if still_written {
            self.find(Trouble::Torn, Some(seq));
        } else {
            self.bad += 1;
            self.find(Trouble::NoLine, Some(seq));
        }
        if let Some(file) = self.files.last_mut() {
            file.lines -= 1;
        }
    }

    /// Where the chain ends.
    pub fn end(&self) -> AuditHead {
        self.end
    }

    /// The files so far.
    pub fn files(&self) -> &[WalkedFile] {
        &self.files
    }

    /// The lines with this number that came, if it was wanted, and where they stand. More than one only in a record
    /// that does not hold.
    pub fn wanted(&self, seq: u64) -> &[(AuditLine, Place)] {
        self.wanted.get(&seq).map(Vec::as_slice).unwrap_or_default()
    }

    /// Number of the last line that is there, whether it holds or not.
    pub fn reached(&self) -> u64 {
        self.end.seq.saturating_add(self.bad)
    }

    /// True when an error was found.
    pub fn has_error(&self) -> bool {
        self.more > 0 || self.findings.iter().any(AuditFinding::is_error)
    }

    /// The place behind the last line.
    pub fn behind(&self) -> Option<Place> {
        self.files.last().map(|file| Place {
            file: file.name.clone(),
            line: file.lines + 1,
        })
    }

    /// A finding of the caller's own, in the place where the walk is.
    pub fn find(&mut self, trouble: Trouble, seq: Option<u64>) -> Option<usize> {
        let place = self.here();
        self.find_at(trouble, place, seq)
    }

    /// A finding of the caller's own, in a place.
    pub fn find_at(
        &mut self,
        trouble: Trouble,
        place: Option<Place>,
        seq: Option<u64>,
    ) -> Option<usize> {
        if self.findings.len() >= MOST {
            self.more += 1;
            return None;
        }
        self.findings.push(AuditFinding::new(&trouble, place, seq));
        Some(self.findings.len() - 1)
    }

    /// What was found, in the order of the record, and how much more there was.
    pub fn findings(mut self) -> (Vec<AuditFinding>, u64) {
        // Only now it is known whether what was missing turned up elsewhere.
        for gap in &self.gaps {
            let missing = gap.last - gap.first + 1;
            let trouble = if gap.filled == 0 {
                continue;
            } else if gap.filled >= missing {
                Trouble::OutOfPlace { before: gap.first }
            } else {
                Trouble::OutOfPlaceAndMissing {
                    first: gap.first,
                    last: gap.last,
                    missing: missing - gap.filled,
                }
            };
            if let Some(finding) = gap.finding.and_then(|at| self.findings.get_mut(at)) {
                finding.tell(&trouble);
            }
        }
        (self.findings, self.more)
    }

    fn here(&self) -> Option<Place> {
        self.files.last().map(|file| Place {
            file: file.name.clone(),
            line: file.lines.max(1),
        })
    }

    fn next_number(&self) -> u64 {
        self.end.seq.saturating_add(1)
    }

    /// A line that holds by itself: does it follow?
    fn place_line(&mut self, line: &AuditLine) {
        let next = self.next_number();
        let follows =
            |end: &AuditHead| end.seq.checked_add(1) == Some(line.seq) && end.hash == line.prev;
        if follows(&self.end) {
            self.end = line.head();
        } else if let Some(at) = self.others.iter().position(follows) {
            // Back where the chain was left; that it was left has been told.
            let left = std::mem::replace(&mut self.end, line.head());
            if let Some(other) = self.others.get_mut(at) {
                *other = left;
            }
        } else if line.seq > next && line.seq - next <= self.bad {
            // The lines that do not hold stand for those between, so nothing is known of what this one follows.
            self.leave(line.head());
        } else if line.seq < next {
            self.find(Trouble::Repeated, Some(line.seq));
            // What follows this one, if anything does, is part of the same.
            self.remember(line.head());
        } else {
            // The bad lines may be some of those that are missing.
            let first = next.saturating_add(self.bad.min(line.seq - next));
            if first < line.seq {
                let last = line.seq - 1;
                let begins_file = self.files.last().is_some_and(|file| file.lines == 1);
                let trouble = Trouble::Missing {
                    first,
                    last,
                    begins_file,
                };
                let finding = self.find(trouble, Some(line.seq));
                if self.gaps.len() < MOST {
                    self.gaps.push(Gap {
                        first,
                        last,
                        filled: 0,
                        finding,
                    });
                }
            } else {
                self.find(Trouble::Follows, Some(line.seq));
            }
            self.leave(line.head());
        }
        self.bad = 0;
        for gap in &mut self.gaps {
            if (gap.first..=gap.last).contains(&line.seq) {
                gap.filled += 1;
            }
        }
        if let Some(file) = self.files.last_mut() {
            file.first.get_or_insert(line.seq);
            file.last = Some(line.seq);
        }
        let here = self.here();
        if let (Some(wanted), Some(here)) = (self.wanted.get_mut(&line.seq), here)
            && wanted.len() < SAME
        {
            wanted.push((line.clone(), here));
        }
    }

    /// Goes on after another line; the place that was left may be come back to.
    fn leave(&mut self, to: AuditHead) {
        let left = std::mem::replace(&mut self.end, to);
        self.remember(left);
    }

    fn remember(&mut self, end: AuditHead) {
        if self.others.len() >= ENDS {
            self.others.remove(0);
        }
        self.others.push(end);
    }
}
