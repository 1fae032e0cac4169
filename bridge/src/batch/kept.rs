//! What is kept of a plan's approval on this machine, so that a run that stopped can be gone on with: the same plan,
//! by its hash, and nothing else. The ledger's own note is no consent, since others can write it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use keyferry_core::{ApprovalKind, TargetKind, TokenInfo};
use serde::{Deserialize, Serialize};

use super::plan::PlanHash;
use crate::Error;
use crate::approve::{PlanApproval, PlanQuestion};
use crate::disk;
use crate::hsm::Choice;
use crate::state::StateFolder;

/// The approvals that this state folder keeps.
#[derive(Debug, Clone)]
pub struct KeptApprovals(PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    plan: PlanHash,
    approval: ApprovalKind,
    /// The token that was shown, and the method for each kind.
    token: TokenInfo,
    methods: BTreeMap<TargetKind, Choice>,
    /// Whether it was asked for imports, too. A yes to wraps is none to them.
    #[serde(default)]
    imports: bool,
}

impl KeptApprovals {
    /// Those of `state`.
    ///
    /// # Errors
    /// [`Error::StateUnusable`].
    pub fn of(state: &StateFolder) -> Result<Self, Error> {
        state.folder("plans").map(Self)
    }

    /// Keeps that what `question` asks was approved; an earlier yes to the plan's imports stays one.
    ///
    /// # Errors
    /// [`Error::StateUnusable`].
    pub fn keep(&self, question: &PlanQuestion, approval: &PlanApproval) -> Result<(), Error> {
        let plan = question.plan;
        let kept = Kept {
            plan,
            approval: approval.kind(),
            token: question.token.clone(),
            methods: methods(question).collect(),
            imports: question.imports() || self.imports(plan),
        };
        let mut text = serde_json::to_vec(&kept)
            .map_err(|_| Error::Internal("an approval that cannot be written down"))?;
        text.push(b'\n');
        disk::replace(&self.path(plan), &text)
            .map_err(|error| Error::state(&self.path(plan), error))
    }

    /// The approval of exactly this plan, and of its imports where they are asked for, if it was given before for this
    /// token and these methods. Whatever is not one is none: then a person is asked. A policy's is none either, since it
    /// is judged anew, as it is now.
    #[must_use]
    pub fn find(&self, question: &PlanQuestion) -> Option<PlanApproval> {
        let kept = self.read(question.plan)?;
        let shown = |(kind, choice): (TargetKind, Choice)| {
            let before = kept.methods.get(&kind);
            before.is_some_and(|before| choice.is_same_way(before))
        };
        let stands = kept.approval != ApprovalKind::Policy
            && (kept.imports || !question.imports())
            && kept.token == question.token
            && methods(question).all(shown);
        stands.then(|| PlanApproval::kept(question, kept.approval))
    }

    /// Whether imports were agreed to with this plan.
    fn imports(&self, plan: PlanHash) -> bool {
        self.read(plan).is_some_and(|kept| kept.imports)
    }

    fn read(&self, plan: PlanHash) -> Option<Kept> {
        let text = fs::read(self.path(plan)).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        (kept.plan == plan).then_some(kept)
    }

    /// Forgets it: the plan is done, and each of its wraps was approved once.
    ///
    /// # Errors
    /// [`Error::StateUnusable`].
    pub fn forget(&self, plan: PlanHash) -> Result<(), Error> {
        match fs::remove_file(self.path(plan)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::state(&self.path(plan), error))
            }
            _ => Ok(()),
        }
    }

    fn path(&self, plan: PlanHash) -> PathBuf {
        self.0.join(format!("{plan}.json"))
    }
}

fn methods(question: &PlanQuestion) -> impl Iterator<Item = (TargetKind, Choice)> {
    let methods = question.methods.iter();
    methods.map(|(kind, (_, choice))| (*kind, choice.clone()))
}
