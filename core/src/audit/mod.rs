//! The record of what was asked, approved and done: one line of JSON per event, each bound to the
//! one before by its hash. Pure: the bridge gives time and file.

mod chain;
mod entry;
mod hash;

pub use chain::{
    AuditError, AuditHead, AuditLine, MAX_AUDIT_LINE, chain, verify_chain, verify_line,
};
pub use entry::{ApprovalKind, AttestationOutcome, AuditEntry, AuditEvent, Outcome, Requester};
pub use hash::AuditHash;
