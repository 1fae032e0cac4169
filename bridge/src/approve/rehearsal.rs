//! A rehearsal's own consent.

use futures_util::future::{BoxFuture, ready};
use keyferry_core::{ApprovalKind, Thumbprint};

use super::{Approval, Consent, WrapQuestion};
use crate::Error;
use crate::hsm::RehearsalKey;

/// Says yes to one key alone, which this run made for it and destroys, and to one KEK, which the
/// practice vault made for this run.
#[derive(Debug)]
pub struct PracticeRehearsal<'a> {
    /// The key.
    pub key: &'a RehearsalKey,
    /// The practice KEK.
    pub kek: Thumbprint,
}

impl Consent for PracticeRehearsal<'_> {
    fn rehearsal_key(&self) -> Option<&RehearsalKey> {
        Some(self.key)
    }

    fn ask<'a>(&'a mut self, question: &'a WrapQuestion) -> BoxFuture<'a, Result<Approval, Error>> {
        let own = question.kid.is_practice()
            && question.thumbprint == self.kek
            && question.id == self.key.info().id
            && question.label == self.key.info().label;
        let answer = if own {
            Ok(Approval::of(question, ApprovalKind::Practice))
        } else {
            Err(Error::ApprovalMismatch)
        };
        Box::pin(ready(answer))
    }
}
