//! The second of two persons, where a policy's rule wants one.
//!
//! What the first one said, a flag, or a policy's match never gets here: the second one is asked natively, after
//! the first has said yes and below the same facts, and proves to be there by a secret or by a token.

use std::sync::Arc;

use super::Prompter;
use super::second_token;
use crate::Error;
use crate::error::shown;
use crate::hsm::HsmError;
use crate::pin::Pin;
use crate::policy::{Approver, Proof, SecondRule};

/// That a second person approves what was shown, once. Made here alone; there is no way to copy one.
#[derive(Debug)]
#[must_use = "an approval that is not used approves nothing"]
pub struct SecondApproval {
    approvers: Vec<Approver>,
    facts: String,
}

impl SecondApproval {
    /// Uses it up for what `facts` say, and gives the approvers' names for the record.
    ///
    /// # Errors
    /// [`Error::ApprovalMismatch`] when something else was shown.
    pub fn consume(self, facts: &str) -> Result<String, Error> {
        if self.facts != facts {
            return Err(Error::ApprovalMismatch);
        }
        let names: Vec<&str> = self.approvers.iter().map(Approver::name).collect();
        Ok(names.join(", "))
    }
}

/// Asks for a second person for each of `rules`, below `facts`. Who approved for one rule approves for each
/// other that takes them. One try each: a wrong secret or PIN is a refusal, and three of these lock.
///
/// # Errors
/// [`Error::SecondApproverRefused`], naming the rule; [`Error::BridgeLocked`].
pub async fn second_person(
    prompter: &Prompter,
    rules: &[SecondRule],
    facts: &str,
) -> Result<SecondApproval, Error> {
    let mut approvers: Vec<Approver> = Vec::new();
    for rule in rules {
        if approvers
            .iter()
            .any(|known| rule.approvers().contains(known))
        {
            continue;
        }
        let answer = one_person(prompter, rule, facts).await;
        approvers.push(answer.map_err(|error| named(rule, error))?);
    }
    Ok(SecondApproval {
        approvers,
        facts: facts.to_owned(),
    })
}

async fn one_person(
    prompter: &Prompter,
    rule: &SecondRule,
    facts: &str,
) -> Result<Approver, Error> {
    let facts = format!(
        "{facts}{:<11}{} wants a second approver: {}\n",
        "Rule",
        rule.rule(),
        rule.names()
    );
    // A rule takes one token, or secrets alone.
    if let [approver] = rule.approvers()
        && let Some(Proof::Token(token)) = approver.proof()
    {
        second_token::prove(prompter, approver.name(), token, &facts).await?;
        return Ok(approver.clone());
    }
    let words = format!("Secret of the second approver ({})", rule.names());
    let secret = Arc::new(prompter.secret(&facts, &words).await?);
    match holder(rule, &secret).await? {
        Some(approver) => Ok(approver),
        None => {
            prompter.count_refusal();
            Err(wrong("the secret is not right"))
        }
    }
}

/// Whose secret it is. Each hash takes its time, away from the threads that answer the page.
async fn holder(rule: &SecondRule, secret: &Arc<Pin>) -> Result<Option<Approver>, Error> {
    for approver in rule.approvers() {
        let Some(Proof::Secret(hash)) = approver.proof() else {
            continue;
        };
        let (hash, secret) = (hash.clone(), Arc::clone(secret));
        let fits = tokio::task::spawn_blocking(move || hash.matches(&secret)).await;
        if fits.map_err(|_| Error::Internal("a secret's check stopped"))? {
            return Ok(Some(approver.clone()));
        }
    }
    Ok(None)
}

/// A refusal that is to be given its rule.
pub(super) fn wrong(why: &str) -> Error {
    Error::SecondApproverRefused {
        path: String::new(),
        rule: String::new(),
        approvers: String::new(),
        why: why.to_owned(),
    }
}

/// Whatever came between is told with the rule that wants the second person.
fn named(rule: &SecondRule, error: Error) -> Error {
    let why = match error {
        // Nothing more is asked by anybody.
        Error::BridgeLocked => return Error::BridgeLocked,
        Error::SecondApproverRefused { why, .. } => why,
        Error::ApprovalRefused => "refused at the prompt".to_owned(),
        Error::ApprovalTimeout { seconds } => {
            format!("nobody answered the prompt within {seconds} seconds")
        }
        Error::PromptUnavailable => "there is no terminal and no pinentry to ask at".to_owned(),
        Error::Hsm(HsmError::PinWrong { .. }) => "the PIN of their token is wrong".to_owned(),
        Error::Hsm(HsmError::PinLocked) => "the PIN of their token is locked".to_owned(),
        other => {
            // The words of a library or of the system belong in the bridge's own output.
            tracing::error!(code = other.code(), error = %other, "a second approver could not be asked");
            format!("they could not be asked ({})", other.code())
        }
    };
    Error::SecondApproverRefused {
        path: shown(rule.path()),
        rule: rule.rule().to_owned(),
        approvers: rule.names(),
        why,
    }
}
