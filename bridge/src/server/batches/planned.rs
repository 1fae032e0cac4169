//! Plans that were made and not run yet.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use keyferry_core::{PlanAnswer, PlanGoes, PlanStays};

use crate::batch::{Plan, PlanHash};

/// How many are kept; a plan of ten thousand keys takes some megabytes.
const KEPT: usize = 4;

/// The last few, the newest first.
#[derive(Default)]
pub(super) struct Planned(Mutex<VecDeque<Arc<Plan>>>);

impl Planned {
    pub(super) fn keep(&self, plan: Arc<Plan>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.hash() != plan.hash());
        kept.push_front(plan);
        kept.truncate(KEPT);
    }

    pub(super) fn find(&self, hash: PlanHash) -> Option<Arc<Plan>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|plan| plan.hash() == hash).map(Arc::clone)
    }
}

/// A plan as the page reads it.
pub(super) fn answer(plan: &Plan) -> PlanAnswer {
    let goes = plan.lines().iter().map(|line| PlanGoes {
        number: line.number,
        label: line.key.label.clone(),
        id: line.key.id.clone(),
        kind: line.key.kind.to_string(),
        name: line.name.clone(),
    });
    let stays = plan.stays().iter().map(|stay| PlanStays {
        line: stay.manifest_line,
        label: stay.label.clone().unwrap_or_else(|| stay.wanted.clone()),
        id: stay.id.clone(),
        name: stay.name.clone(),
        reasons: stay.reasons.clone(),
    });
    PlanAnswer {
        hash: plan.hash().to_string(),
        vault: vault(plan),
        goes: goes.collect(),
        stays: stays.collect(),
    }
}

/// The address of the plan's vault; a plan of the page's has one.
pub(super) fn vault(plan: &Plan) -> String {
    let vaults = &plan.header().vaults;
    vaults
        .first()
        .map_or_else(String::new, |vault| vault.url.clone())
}
