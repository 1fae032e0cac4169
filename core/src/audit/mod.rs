//! The record of what was asked, approved and done: one line of JSON per event, each bound to the
//! one before by its hash. Pure: the bridge gives time and file.

mod chain;
mod entry;
mod filter;
mod finding;
mod hash;
mod verdict;
mod walk;
#[cfg(test)]
mod walk_tests;

pub use chain::{
    AuditError, AuditHead, AuditLine, MAX_AUDIT_LINE, chain, verify_chain, verify_line,
};
pub use entry::{ApprovalKind, AttestationOutcome, AuditEntry, AuditEvent, Outcome, Requester};
pub use filter::AuditFilter;
pub use finding::{AuditFinding, Place, Trouble};
pub use hash::AuditHash;
pub use verdict::{Anchors, AuditVerdict, HeadSeen, ReceiptSeen};
pub use walk::{ChainWalk, WalkedFile};
