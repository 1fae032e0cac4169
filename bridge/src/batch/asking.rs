//! Who says yes to a plan, and that it was asked: in this order what was kept of an earlier answer to the same plan,
//! the policies of this machine, the command line's flags, a person.

use keyferry_core::{AuditEntry, AuditEvent, Outcome};

use super::KeptApprovals;
use super::prepared::Prepared;
use crate::Error;
use crate::approve::{ByFlag, PlanApproval, PlanList, PlanQuestion, Prompter, second_person};
use crate::audit_log::AuditLog;
use crate::transfer::outcome_of;

/// Whether an answer that was given before counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// It is a new run: it is asked.
    Ask,
    /// It is gone on with: an answer to exactly this plan stands.
    Stands,
}

/// The ways to a yes.
pub struct Asking<'a> {
    /// Flags of the command line; the page has none.
    pub flags: &'a [ByFlag],
    /// What is kept of earlier answers.
    pub kept: &'a KeptApprovals,
    /// Whether they count.
    pub before: Before,
    /// The person.
    pub prompter: &'a Prompter,
    /// Where the facts are shown that a flag answers.
    pub show: &'a (dyn Fn(&str) + Sync),
    /// Told when a second person is asked, too.
    pub second: &'a (dyn Fn() + Sync),
}

impl Asking<'_> {
    /// Asks, and keeps a yes for this plan until it is done. A no is in the record.
    ///
    /// # Errors
    /// Any answer but yes.
    pub async fn ask(
        &self,
        prepared: &Prepared,
        question: &PlanQuestion,
        list: PlanList,
        audit: &AuditLog,
    ) -> Result<PlanApproval, Error> {
        let rules = prepared.second_rules();
        let answer = match self.answer(prepared, question, list).await {
            // Asked each time, also of a plan that is gone on with: what is kept is the first person's word alone.
            Ok(first) if !rules.is_empty() => {
                (self.second)();
                let facts = question.facts();
                let second = second_person(self.prompter, rules, &facts).await;
                second.and_then(|second| first.with_second(second, &facts))
            }
            other => other,
        };
        match answer {
            Ok(approval) => {
                self.kept.keep(question, &approval)?;
                Ok(approval)
            }
            Err(error) => {
                let mut entry = AuditEntry::new(
                    AuditEvent::PlanIntent,
                    outcome_of(&error),
                    question.asked_by,
                );
                debug_assert!(entry.outcome != Outcome::Done);
                entry.code = Some(error.code().to_owned());
                entry.plan_sha256 = Some(question.plan.to_string());
                entry.plan_keys = Some(question.left);
                entry.token_serial = Some(question.token.serial.clone());
                entry.token_firmware = Some(question.token.firmware.clone());
                audit.append(entry).await?;
                Err(error)
            }
        }
    }

    async fn answer(
        &self,
        prepared: &Prepared,
        question: &PlanQuestion,
        list: PlanList,
    ) -> Result<PlanApproval, Error> {
        if self.before == Before::Stands
            && let Some(approval) = self.kept.find(question)
        {
            return Ok(approval);
        }
        if let Some(approval) = prepared.by_policy(question) {
            return Ok(approval);
        }
        let passed = |(_, choice): &(u64, crate::hsm::Choice)| choice.self_test.passed();
        if !self.flags.is_empty() && question.methods.values().all(passed) {
            (self.show)(question.facts().trim_end());
            return PlanApproval::by_flags(self.flags, question);
        }
        self.prompter.confirm_plan(question, list).await
    }
}
