//! What can be wrong with a record, in which file and line.

use crate::{Severity, visible};
use serde::{Deserialize, Serialize};

/// A place in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u64,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// A line that is not what Keyferry writes.
    NoLine,
    /// A line whose content has another hash than it names.
    Changed,
    /// A line that is whole, and was written after another one than stands before it.
    Follows,
    /// Lines that are not there.
    Missing {
        /// Number of the first.
        first: u64,
        /// Number of the last.
        last: u64,
        /// True when a file begins here, so that a whole file may be missing.
        begins_file: bool,
    },
    /// A line that stands before others that it should follow.
    OutOfPlace {
        /// Number of the first of those.
        before: u64,
    },
    /// The same, and some of those are nowhere.
    OutOfPlaceAndMissing {
        /// Number of the first that was expected.
        first: u64,
        /// Number of the last.
        last: u64,
        /// How many of them are nowhere.
        missing: u64,
    },
    /// A line with a number that was there already.
    Repeated,
    /// The end of a line that was not written to its end.
    Torn,
    /// A full file's name tells other lines than are in it.
    FileName,
    /// The head file names a line behind the log's end.
    Cut {
        /// Number that the head file names.
        head: u64,
    },
    /// The head file names another line with this number.
    HeadDiffers,
    /// The head file is absent or cannot be read.
    HeadLost,
    /// Lines behind the one that the head file names.
    HeadBehind {
        /// How many.
        lines: u64,
    },
    /// A head that was kept elsewhere names a line that is not there.
    KeptAbsent,
    /// A head that was kept elsewhere names another line with this number.
    KeptDiffers,
    /// A receipt names a line that is not there.
    ReceiptAbsent {
        /// The receipt's file.
        receipt: String,
    },
    /// A receipt names another line with this number.
    ReceiptDiffers {
        /// The receipt's file.
        receipt: String,
    },
    /// A receipt names the line, and tells something else than it.
    ReceiptContradicts {
        /// The receipt's file.
        receipt: String,
        /// What differs.
        member: &'static str,
    },
    /// A receipt that cannot be read.
    ReceiptUnreadable {
        /// The receipt's file.
        receipt: String,
        /// Why.
        why: String,
    },
}

/// Something that was found in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct AuditFinding {
    /// Stable kebab-case name.
    pub code: String,
    /// How bad; an error makes the verdict negative.
    pub severity: Severity,
    /// Name of the file, where one line is meant.
    pub file: Option<String>,
    /// Line in that file, from 1.
    pub line: Option<u64>,
    /// Sequence number of the line that is meant, as it says itself or as it should be.
    pub seq: Option<u64>,
    /// What was found.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl AuditFinding {
    pub(super) fn new(trouble: &Trouble, place: Option<Place>, seq: Option<u64>) -> Self {
        let (file, line) = place.map_or((None, None), |at| (Some(at.file), Some(at.line)));
        let mut finding = Self {
            code: String::new(),
            severity: Severity::Error,
            file,
            line,
            seq,
            message: String::new(),
            advice: String::new(),
        };
        finding.tell(trouble);
        finding
    }

    /// True when it makes the verdict negative.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Says of the same place what is known of it now.
    pub(super) fn tell(&mut self, trouble: &Trouble) {
        self.code = trouble.code().to_owned();
        self.severity = trouble.severity();
        self.message = trouble.message(self.seq.unwrap_or_default());
        self.advice = trouble.advice().to_owned();
    }
}

impl Trouble {
    /// Stable kebab-case name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoLine => "audit-line-form",
            Self::Changed => "audit-line-changed",
            Self::Follows => "audit-line-rewritten",
            Self::Missing { .. } => "audit-line-missing",
            Self::OutOfPlace { .. } | Self::OutOfPlaceAndMissing { .. } => "audit-line-order",
            Self::Repeated => "audit-line-repeated",
            Self::Torn => "audit-tail-torn",
            Self::FileName => "audit-file-name",
            Self::Cut { .. } => "audit-tail-cut",
            Self::HeadDiffers => "audit-head-differs",
            Self::HeadLost => "audit-head-lost",
            Self::HeadBehind { .. } => "audit-head-behind",
            Self::KeptAbsent => "audit-kept-head-absent",
            Self::KeptDiffers => "audit-kept-head-differs",
            Self::ReceiptAbsent { .. } => "audit-receipt-line-absent",
            Self::ReceiptDiffers { .. } => "audit-receipt-line-differs",
            Self::ReceiptContradicts { .. } => "audit-receipt-contradicts",
            Self::ReceiptUnreadable { .. } => "audit-receipt-unreadable",
        }
    }

    fn severity(&self) -> Severity {
        match self {
            Self::Torn | Self::HeadBehind { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }

    fn message(&self, seq: u64) -> String {
        match self {
            Self::NoLine => format!(
                "what stands here, where line {seq} may have been, is no line that Keyferry wrote"
            ),
            Self::Changed => format!("line {seq} was changed after it was written"),
            Self::Follows => format!(
                "line {seq} was written after another line than the one that stands before it: one of the two was written anew"
            ),
            Self::Missing {
                first,
                last,
                begins_file,
            } => format!(
                "{} missing before line {seq}{}",
                numbers(*first, *last),
                if *begins_file {
                    "; a file of the record may be gone"
                } else {
                    ""
                },
            ),
            Self::OutOfPlace { before } => {
                format!(
                    "line {seq} stands before line {before}: lines were moved, or one was inserted"
                )
            }
            Self::OutOfPlaceAndMissing {
                first,
                last,
                missing,
            } => format!(
                "line {seq} stands where line {first} should be, and of {first} to {last} {missing} are nowhere"
            ),
            Self::Repeated => format!(
                "a line with number {seq} was there already: this one was repeated or inserted"
            ),
            Self::Torn => format!(
                "line {seq} was not written to its end, as a crash leaves it; nobody was answered for it"
            ),
            Self::FileName => "the file's name tells other lines than are in it".to_owned(),
            Self::Cut { head } => format!(
                "the log ends before line {seq}, though its head is line {head}: the end was cut off"
            ),
            Self::HeadDiffers => format!("line {seq} is not the one that the head file names"),
            Self::HeadLost => {
                "there is no head file that can be read: whether the end was cut off cannot be seen"
                    .to_owned()
            }
            Self::HeadBehind { lines } => {
                format!("the head file is {lines} behind the log's end, as a crash leaves it")
            }
            Self::KeptAbsent => format!("line {seq}, whose hash was kept, is not there"),
            Self::KeptDiffers => format!("line {seq} is another than the one whose hash was kept"),
            Self::ReceiptAbsent { receipt } => format!(
                "line {seq}, which {} tells of, is not there",
                visible(receipt)
            ),
            Self::ReceiptDiffers { receipt } => {
                format!(
                    "line {seq} is another than the one that {} repeats",
                    visible(receipt)
                )
            }
            Self::ReceiptContradicts { receipt, member } => {
                format!(
                    "{} tells another {member} than line {seq}",
                    visible(receipt)
                )
            }
            Self::ReceiptUnreadable { receipt, why } => {
                format!("{} cannot be used: {}", visible(receipt), visible(why))
            }
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Torn | Self::HeadBehind { .. } => {
                "The next line that is written settles this and records it."
            }
            Self::HeadLost => {
                "If nobody removed it: the next line that is written makes it anew and records that. Compare with receipts and heads that were kept."
            }
            Self::ReceiptUnreadable { .. } => "Give the receipt that Keyferry wrote, unchanged.",
            Self::ReceiptContradicts { .. } => {
                "The line is what the chain holds; the receipt was changed after it was written."
            }
            Self::FileName => "Find out who renamed it; the lines in it were checked all the same.",
            _ => {
                "Treat the record as tampered with, and compare it with a copy, with receipts, and with heads that were kept elsewhere."
            }
        }
    }
}

fn numbers(first: u64, last: u64) -> String {
    if first == last {
        format!("line {first} is")
    } else {
        format!("lines {first} to {last} are")
    }
}
