//! The approval that a matching policy gives.

use keyferry_core::ApprovalKind;

use super::{Approval, WrapQuestion};

/// Approves what a policy of this machine matches; the caller has its judgement that nobody is to be asked.
pub(crate) fn by_policy(question: &WrapQuestion) -> Approval {
    Approval::of(question, ApprovalKind::Policy)
}
