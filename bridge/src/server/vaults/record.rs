//! What was refused before a vault was asked stands in the record too. What was asked is recorded by
//! [`Recorded`](crate::vault::Recorded).

use keyferry_core::{AuditEntry, Outcome};

use crate::Error;
use crate::audit_log::AuditLog;

/// Puts on disk that something was not begun, and gives the reason back.
///
/// # Errors
/// What the record says.
pub(super) async fn refused(
    audit: &AuditLog,
    entry: AuditEntry,
    error: Error,
) -> Result<Error, Error> {
    let entry = AuditEntry {
        outcome: outcome_of(&error),
        code: Some(error.code().to_owned()),
        ..entry
    };
    audit.append(entry).await?;
    Ok(error)
}

/// Who said no, or what broke.
fn outcome_of(error: &Error) -> Outcome {
    match error {
        Error::ApprovalRefused
        | Error::ApprovalTimeout { .. }
        | Error::ApprovalMismatch
        | Error::BridgeLocked
        | Error::PromptUnavailable => Outcome::Refused,
        _ => Outcome::Failed,
    }
}
