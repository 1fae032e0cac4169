//! Approvals that no prompt was shown for; the record names them as what they are.

use futures_util::future::{BoxFuture, ready};
use keyferry_core::{ApprovalKind, Thumbprint};

use super::{Approval, Consent, WrapQuestion};
use crate::Error;

/// `--yes`, or `--expect-kek` that matches: answers the command line's own question, nothing else.
#[derive(Debug)]
pub enum ByFlag {
    /// `--yes`.
    Yes,
    /// `--expect-kek THUMBPRINT`.
    ExpectedKek(Thumbprint),
}

impl Consent for ByFlag {
    fn rule_out(&self, kek: &Thumbprint) -> Result<(), Error> {
        match self {
            Self::ExpectedKek(expected) if expected != kek => Err(Error::KekMismatch {
                actual: kek.grouped(),
                expected: expected.grouped(),
            }),
            Self::Yes | Self::ExpectedKek(_) => Ok(()),
        }
    }

    fn ask<'a>(&'a mut self, question: &'a WrapQuestion) -> BoxFuture<'a, Result<Approval, Error>> {
        let answer = match self.rule_out(&question.thumbprint) {
            // What nobody ever opened takes a person.
            Ok(()) if !question.choice.self_test.passed() => Err(Error::PromptUnavailable),
            Ok(()) => Ok(Approval::of(question, ApprovalKind::ByFlag)),
            Err(error) => Err(error),
        };
        Box::pin(ready(answer))
    }
}

/// The demonstration's own consent: it says yes only to a key of a software token that goes to the practice
/// KEK which this very run made.
#[derive(Debug)]
pub struct PracticeDemo {
    /// The run's practice KEK.
    pub kek: Thumbprint,
}

impl Consent for PracticeDemo {
    fn ask<'a>(&'a mut self, question: &'a WrapQuestion) -> BoxFuture<'a, Result<Approval, Error>> {
        let practice = question.kid.is_practice()
            && question.token.software
            && question.choice.self_test.passed()
            && question.thumbprint == self.kek;
        let answer = if practice {
            Ok(Approval::of(question, ApprovalKind::Practice))
        } else {
            Err(Error::ApprovalMismatch)
        };
        Box::pin(ready(answer))
    }
}
