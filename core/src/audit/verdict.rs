//! What a verification comes to: the chain's own findings, and what head file, kept heads and receipts say to it.
//!
//! A chain of plain hashes shows an edit only to someone who holds an earlier hash. These are the earlier hashes.

use super::finding::{AuditFinding, Trouble};
use super::walk::{ChainWalk, WalkedFile};
use super::{AuditEvent, AuditHash, AuditHead, AuditLine, Outcome};
use crate::{Receipt, RecordPlace};
use serde::{Deserialize, Serialize};

/// What the head file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadSeen {
    /// The chain stands there.
    At(AuditHead),
    /// There is no such file.
    Absent,
    /// It cannot be read.
    Unreadable,
}

/// The hashes that a record is held against.
#[derive(Debug, Clone)]
pub struct Anchors {
    /// The head file's.
    pub head: HeadSeen,
    /// Heads that were kept elsewhere.
    pub kept: Vec<AuditHead>,
    /// Receipts: the name of each, and what it holds, or why it cannot be read.
    pub receipts: Vec<(String, Result<Receipt, String>)>,
}

/// What became of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct ReceiptSeen {
    /// Its file, as it was given.
    pub receipt: String,
    /// Number of the line that it names; null when it cannot be read.
    pub seq: Option<u64>,
    /// True when its lines are in the chain as it repeats them.
    pub holds: bool,
}

/// The verdict about a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct AuditVerdict {
    /// True when nothing speaks against it; what a crash leaves does not.
    pub intact: bool,
    /// How many whole lines there are.
    pub lines: u64,
    /// Where the chain ends: number and hash of its last line.
    pub head: AuditHead,
    /// The files, in the order of the chain.
    pub files: Vec<WalkedFile>,
    /// The receipts that were given.
    pub receipts: Vec<ReceiptSeen>,
    /// What was found, in the order of the record; then what head, kept heads and receipts say.
    pub findings: Vec<AuditFinding>,
    /// How many findings more there were.
    pub more_findings: u64,
}

impl Anchors {
    /// Only the head file.
    pub fn head(head: HeadSeen) -> Self {
        Self {
            head,
            kept: Vec::new(),
            receipts: Vec::new(),
        }
    }

    /// A walk that remembers the lines that these ask for.
    pub fn walk(&self) -> ChainWalk {
        let head = match self.head {
            HeadSeen::At(head) => Some(head.seq),
            HeadSeen::Absent | HeadSeen::Unreadable => None,
        };
        let kept = self.kept.iter().map(|head| head.seq);
        let receipts = self
            .receipts
            .iter()
            .filter_map(|(_, receipt)| receipt.as_ref().ok())
            .flat_map(|receipt| places(receipt).map(|place| place.seq));
        ChainWalk::wanting(head.into_iter().chain(kept).chain(receipts))
    }

    /// The verdict, once the whole record was walked.
    pub fn judge(&self, mut walk: ChainWalk) -> AuditVerdict {
        self.judge_head(&mut walk);
        for head in &self.kept {
            match seen(&walk, head.seq, head.hash) {
                Seen::Same(_) => {}
                Seen::Other => {
                    let place = walk.wanted(head.seq).first().map(|(_, at)| at.clone());
                    walk.find_at(Trouble::KeptDiffers, place, Some(head.seq));
                }
                Seen::Nowhere => {
                    walk.find_at(Trouble::KeptAbsent, None, Some(head.seq));
                }
            }
        }
        let receipts = self
            .receipts
            .iter()
            .map(|(name, receipt)| judge_receipt(&mut walk, name, receipt.as_ref()))
            .collect();
        let (head, files) = (walk.end(), walk.files().to_vec());
        let (findings, more_findings) = walk.findings();
        AuditVerdict {
            intact: more_findings == 0 && !findings.iter().any(AuditFinding::is_error),
            lines: files.iter().map(|file| file.lines).sum(),
            head,
            files,
            receipts,
            findings,
            more_findings,
        }
    }

    fn judge_head(&self, walk: &mut ChainWalk) {
        let end = walk.end();
        let head = match self.head {
            HeadSeen::At(head) => head,
            // A record that was never written to has none.
            HeadSeen::Absent if walk.reached() == 0 => return,
            HeadSeen::Absent | HeadSeen::Unreadable => {
                walk.find_at(Trouble::HeadLost, None, None);
                return;
            }
        };
        match seen(walk, head.seq, head.hash) {
            Seen::Same(_) if end.seq > head.seq => {
                let lines = end.seq - head.seq;
                walk.find(Trouble::HeadBehind { lines }, Some(end.seq));
            }
            Seen::Same(_) => {}
            Seen::Other => {
                let place = walk.wanted(head.seq).first().map(|(_, at)| at.clone());
                walk.find_at(Trouble::HeadDiffers, place, Some(head.seq));
            }
            Seen::Nowhere if head.seq > walk.reached() => {
                let place = walk.behind();
                let seq = walk.reached().saturating_add(1);
                walk.find_at(Trouble::Cut { head: head.seq }, place, Some(seq));
            }
            // The line that it names does not hold, or is missing, which has been told.
            Seen::Nowhere if walk.has_error() => {}
            Seen::Nowhere => {
                walk.find_at(Trouble::HeadDiffers, None, Some(head.seq));
            }
        }
    }
}

enum Seen {
    /// The line is there, if it is not the place before the first.
    Same(Option<Box<AuditLine>>),
    /// A line of that number is there, and another one.
    Other,
    Nowhere,
}

fn seen(walk: &ChainWalk, seq: u64, hash: AuditHash) -> Seen {
    if seq == 0 {
        return if hash == AuditHash::GENESIS {
            Seen::Same(None)
        } else {
            Seen::Other
        };
    }
    let lines = walk.wanted(seq);
    match lines.iter().find(|(line, _)| line.hash == hash) {
        Some((line, _)) => Seen::Same(Some(Box::new(line.clone()))),
        None if lines.is_empty() => Seen::Nowhere,
        None => Seen::Other,
    }
}

fn places(receipt: &Receipt) -> impl Iterator<Item = &RecordPlace> {
    let import = receipt.import.as_ref().map(|import| &import.audit);
    std::iter::once(&receipt.audit).chain(import)
}

fn judge_receipt(
    walk: &mut ChainWalk,
    name: &str,
    receipt: Result<&Receipt, &String>,
) -> ReceiptSeen {
    let mut verdict = ReceiptSeen {
        receipt: name.to_owned(),
        seq: None,
        holds: false,
    };
    let receipt = match receipt {
        Ok(receipt) => receipt,
        Err(why) => {
            let trouble = Trouble::ReceiptUnreadable {
                receipt: name.to_owned(),
                why: why.clone(),
            };
            walk.find_at(trouble, None, None);
            return verdict;
        }
    };
    verdict.seq = Some(receipt.audit.seq);
    let mut troubles = Vec::new();
    for place in places(receipt) {
        let receipt_name = name.to_owned();
        match seen(walk, place.seq, place.hash) {
            Seen::Same(Some(line)) => {
                let contradicted = if place.seq == receipt.audit.seq {
                    contradicted(receipt, &line)
                } else {
                    contradicted_import(receipt, &line)
                };
                if let Some(member) = contradicted {
                    let trouble = Trouble::ReceiptContradicts {
                        receipt: receipt_name,
                        member,
                    };
                    troubles.push((trouble, place.seq));
                }
            }
            Seen::Same(None) | Seen::Nowhere => troubles.push((
                Trouble::ReceiptAbsent {
                    receipt: receipt_name,
                },
                place.seq,
            )),
            Seen::Other => troubles.push((
                Trouble::ReceiptDiffers {
                    receipt: receipt_name,
                },
                place.seq,
            )),
        }
    }
    verdict.holds = troubles.is_empty();
    for (trouble, seq) in troubles {
        let place = walk.wanted(seq).first().map(|(_, at)| at.clone());
        walk.find_at(trouble, place, Some(seq));
    }
    verdict
}

/// The first member that the receipt tells otherwise than the line of its wrap.
fn contradicted(receipt: &Receipt, line: &AuditLine) -> Option<&'static str> {
    let entry = &line.entry;
    let is = |member: &Option<String>, told: &str| member.as_deref() == Some(told);
    [
        (
            "event",
            entry.event == AuditEvent::WrapOutcome && entry.outcome == Outcome::Done,
        ),
        ("time", line.time == receipt.audit.time),
        ("key label", is(&entry.key_label, &receipt.key_label)),
        ("key id", is(&entry.key_id, &receipt.key_id)),
        ("kind of key", entry.target == Some(receipt.target)),
        ("kid", is(&entry.kid, &receipt.kid)),
        (
            "KEK",
            is(&entry.kek_thumbprint_sha256, &receipt.kek_thumbprint_sha256),
        ),
        (
            "ciphertext",
            is(&entry.ciphertext_sha256, &receipt.ciphertext_sha256),
        ),
        ("strategy", entry.strategy == Some(receipt.strategy)),
        ("self-test", entry.self_test == Some(receipt.self_test)),
        ("attestation", entry.attestation == receipt.attestation),
        (
            "token",
            is(&entry.token_serial, &receipt.token.serial)
                && is(&entry.token_firmware, &receipt.token.firmware),
        ),
    ]
    .into_iter()
    .find_map(|(member, same)| (!same).then_some(member))
}

/// The same of the line of its import.
fn contradicted_import(receipt: &Receipt, line: &AuditLine) -> Option<&'static str> {
    let import = receipt.import.as_ref()?;
    let kid = line.entry.vault_kid.as_ref();
    if kid.is_some_and(|kid| *kid != import.kid) {
        return Some("imported key");
    }
    (line.time != import.audit.time).then_some("time of import")
}
