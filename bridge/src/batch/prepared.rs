//! A plan on this machine: its KEKs examined again, its keys judged by this machine's policy, the token's self-test
//! done. What is judged once is judged here; what is left for each key is the wrap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keyferry_core::{Admission, Requester, TargetKind};

use super::plan::{Plan, PlanLine};
use crate::Error;
use crate::approve::{
    ByFlag, Consent, PlanApproval, PlanDestination, PlanEnd, PlanQuestion, check_flags,
};
use crate::audit_log::AuditLog;
use crate::clock;
use crate::config::SoftwareKeys;
use crate::hsm::{Choice, SelfTestReport};
use crate::policy::{Asking, SecondRule};
use crate::session::TokenSession;
use crate::transfer::{Grounds, OneKey, choices};

/// A plan that may be asked for on this machine.
pub struct Prepared {
    plan: Arc<Plan>,
    grounds: BTreeMap<String, Grounds>,
    choices: BTreeMap<TargetKind, Result<Choice, Error>>,
    report: SelfTestReport,
    /// What this machine's policy refuses, by the line's number.
    refused: BTreeMap<u32, Error>,
    /// Whether the policy says of every line that nobody is to be asked.
    asking: Asking,
    second: Vec<SecondRule>,
    asked_by: Requester,
}

/// On which terms a plan is prepared.
#[derive(Debug, Clone, Copy)]
pub struct Conditions<'a> {
    /// Which kids are admitted.
    pub admission: &'a Admission,
    /// Whether software keys may go to a real vault.
    pub software: SoftwareKeys,
    /// Flags of the command line; they can only refuse here.
    pub flags: &'a [ByFlag],
    /// Who asks.
    pub asked_by: Requester,
}

impl Prepared {
    /// Judges a plan once for all of its keys. The token is opened and unlocked.
    ///
    /// # Errors
    /// What concerns the plan as a whole: a KEK that is refused, the token, the self-test. What concerns a line is
    /// that line's.
    pub async fn of(
        plan: Arc<Plan>,
        session: &TokenSession,
        consent: &mut dyn Consent,
        audit: &AuditLog,
        conditions: &Conditions<'_>,
    ) -> Result<Self, Error> {
        let mut grounds = BTreeMap::new();
        for vault in &plan.header().vaults {
            let kek = Arc::new(vault.kek(conditions.admission, clock::now())?);
            check_flags(conditions.flags, std::iter::once(kek.thumbprint()))?;
            let attestation = vault.attestation()?;
            let judged =
                Grounds::of(session, kek, attestation.as_deref(), conditions.software).await?;
            grounds.insert(vault.kid.clone(), judged);
        }
        session.unlock(audit).await?;
        let token = session.open().await?.info.clone();
        let kinds: BTreeSet<TargetKind> = plan.lines().iter().map(|line| line.key.kind).collect();
        let asked_by = conditions.asked_by;
        let (choices, report) = choices(session, &token, kinds, consent, audit, asked_by).await?;
        let mut prepared = Self {
            plan,
            grounds,
            choices,
            report,
            refused: BTreeMap::new(),
            asking: Asking::Nobody,
            second: Vec::new(),
            asked_by,
        };
        prepared.judge_lines()?;
        Ok(prepared)
    }

    fn judge_lines(&mut self) -> Result<(), Error> {
        for line in self.plan.lines() {
            match self
                .of_line(line)?
                .judge_planned(&line.key.label, &line.key.id)
            {
                Ok(judgement) => {
                    if judgement.asking == Asking::Person {
                        self.asking = Asking::Person;
                    }
                    for rule in judgement.second {
                        if !self.second.contains(&rule) {
                            self.second.push(rule);
                        }
                    }
                }
                Err(error) => {
                    self.refused.insert(line.number, error);
                }
            }
        }
        Ok(())
    }

    fn of_line(&self, line: &PlanLine) -> Result<&Grounds, Error> {
        self.grounds
            .get(&*line.kid)
            .ok_or(Error::Internal("a plan's line names no KEK of its vaults"))
    }

    /// The policies' rules that want a second person for one of the lines or more.
    #[must_use]
    pub fn second_rules(&self) -> &[SecondRule] {
        &self.second
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What the self-test showed.
    #[must_use]
    pub fn self_test(&self) -> &SelfTestReport {
        &self.report
    }

    /// Who asks.
    #[must_use]
    pub fn asked_by(&self) -> Requester {
        self.asked_by
    }

    /// The size of a line's KEK.
    #[cfg(feature = "vault")]
    pub(crate) fn kek_bits(&self, line: &PlanLine) -> Option<keyferry_core::KekBits> {
        self.grounds
            .get(&*line.kid)
            .map(|grounds| grounds.kek().bits())
    }

    /// What a person is asked of the plan; `left` of its lines are to be done.
    ///
    /// # Errors
    /// A kind of key that this token cannot wrap, where no line could travel then.
    pub fn question(&self, left: u64, end: PlanEnd, list: String) -> Result<PlanQuestion, Error> {
        let lines = self.plan.lines();
        let mut methods = BTreeMap::new();
        for (kind, choice) in &self.choices {
            if let Ok(choice) = choice {
                let count = lines.iter().filter(|line| line.key.kind == *kind).count();
                methods.insert(*kind, (to_u64(count), choice.clone()));
            }
        }
        let token = self
            .grounds
            .values()
            .next()
            .ok_or_else(|| Error::Usage("the plan has no key that can travel".to_owned()))?
            .token()
            .clone();
        let header = self.plan.header();
        let destinations = header.vaults.iter().filter_map(|vault| {
            let grounds = self.grounds.get(&vault.kid)?;
            Some(PlanDestination {
                kid: grounds.kek().kid().clone(),
                thumbprint: *grounds.kek().thumbprint(),
                attested: grounds.attested().cloned(),
                keys: vault.lines.into(),
            })
        });
        let exportable = lines.iter().filter(|line| line.wishes.is_exportable());
        Ok(PlanQuestion {
            plan: self.plan.hash(),
            left,
            token,
            destinations: destinations.collect(),
            methods,
            left_out: to_u64(self.plan.stays().len()),
            exportable: to_u64(exportable.count()),
            new_versions: 0,
            end,
            list,
            first_lines: lines.iter().take(4).map(super::listing::travels).collect(),
            asked_by: self.asked_by,
        })
    }

    /// The approval of the policies, where every line goes without a question.
    #[must_use]
    pub fn by_policy(&self, question: &PlanQuestion) -> Option<PlanApproval> {
        match self.asking {
            Asking::Nobody if question.exportable == 0 => PlanApproval::by_policy(question),
            Asking::Nobody | Asking::Person => None,
        }
    }

    /// One line as it will be wrapped, if nothing known speaks against it.
    ///
    /// # Errors
    /// The policy's refusal; a kind that this token cannot wrap.
    pub(crate) fn one(&self, line: &PlanLine) -> Result<OneKey, &Error> {
        if let Some(error) = self.refused.get(&line.number) {
            return Err(error);
        }
        let grounds = self.grounds.get(&*line.kid).ok_or(&NO_KEK)?;
        let choice = match self.choices.get(&line.key.kind) {
            Some(Ok(choice)) => choice.clone(),
            Some(Err(error)) => return Err(error),
            None => return Err(&NO_KIND),
        };
        let key = &line.key;
        let question = grounds.question(
            key.label.clone(),
            key.id.clone(),
            key.kind,
            choice,
            self.asked_by,
        );
        Ok(OneKey::of(Arc::clone(grounds.kek()), question))
    }
}

const NO_KEK: Error = Error::Internal("a plan's line names no KEK of its vaults");
const NO_KIND: Error = Error::Internal("a plan's line names a kind that was not looked at");

pub(super) fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
