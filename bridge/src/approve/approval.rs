//! The approval of one wrap.

use futures_util::future::{BoxFuture, ready};
use keyferry_core::{ApprovalKind, Thumbprint};

use super::{DisposableQuestion, WrapQuestion};
use crate::Error;
use crate::hsm::RehearsalKey;

/// Leave to wrap one key to one KEK, once. Made only in this module's neighbours, from the question that was
/// answered; there is no way to copy one.
#[derive(Debug)]
#[must_use = "an approval that is not used approves nothing"]
pub struct Approval {
    kind: ApprovalKind,
    key_id: String,
    label: String,
    thumbprint: Thumbprint,
    kid: String,
}

impl Approval {
    /// The approval of exactly what `question` says.
    pub(super) fn of(question: &WrapQuestion, kind: ApprovalKind) -> Self {
        Self {
            kind,
            key_id: question.id.clone(),
            label: question.label.clone(),
            thumbprint: question.thumbprint,
            kid: question.kid.as_str().to_owned(),
        }
    }

    /// Uses the approval up for the wrap that `question` describes, and says how it was given.
    ///
    /// # Errors
    /// [`Error::ApprovalMismatch`] when it was given for another key, KEK or kid; it is gone all the same.
    pub fn consume(self, question: &WrapQuestion) -> Result<ApprovalKind, Error> {
        let fits = self.key_id == question.id
            && self.label == question.label
            && self.thumbprint == question.thumbprint
            && self.kid == question.kid.as_str();
        if fits {
            Ok(self.kind)
        } else {
            Err(Error::ApprovalMismatch)
        }
    }
}

/// Something that can say yes to a wrap: a person at a prompt, or a flag.
pub trait Consent: Send {
    /// Says no to a KEK before the token is troubled, when that can be known.
    ///
    /// # Errors
    /// [`Error::KekMismatch`].
    fn rule_out(&self, kek: &Thumbprint) -> Result<(), Error> {
        let _ = kek;
        Ok(())
    }

    /// The key that a rehearsal made for this wrap, if this is a rehearsal's consent: that key alone may
    /// go to a practice vault from a token that is not the embedded one.
    fn rehearsal_key(&self) -> Option<&RehearsalKey> {
        None
    }

    /// Asks whether disposable objects may be on the token for a moment. Only a person can say so.
    fn allow_disposable<'a>(
        &'a mut self,
        question: &'a DisposableQuestion,
    ) -> BoxFuture<'a, Result<ApprovalKind, Error>> {
        let _ = question;
        Box::pin(ready(Err(Error::PromptUnavailable)))
    }

    /// Asks; an answer other than yes is an error ([`Error::ApprovalRefused`], [`Error::ApprovalTimeout`], …).
    fn ask<'a>(&'a mut self, question: &'a WrapQuestion) -> BoxFuture<'a, Result<Approval, Error>>;
}
