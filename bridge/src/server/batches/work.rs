//! One run of a plan: its folder, its examination, one native yes, and then the engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyferry_core::{PlanState, PlanStatus, Requester};

use super::Ground;
use super::folder::{ledger_in, open};
use super::progress::{Observe, Progress, first};
use crate::Error;
use crate::approve::{PlanApproval, PlanEnd, PlanList};
use crate::audit_log::AuditLog;
use crate::batch::ledger::LedgerError;
use crate::batch::run::{Batch, OnFailure, Stop};
use crate::batch::{
    Asking, BatchError, BatchFolder, Before, Conditions, Hold, KeptApprovals, Ledger, Plan,
    PlanHash, Prepared, begin, listing, write_report,
};
use crate::state::StateFolder;

/// What is to be run.
pub(super) struct Order<'a> {
    pub(super) state: &'a StateFolder,
    /// The batch's folder.
    pub(super) path: PathBuf,
    pub(super) plan: PlanHash,
    /// The plan, when it was made in this run of the bridge.
    pub(super) planned: Option<Arc<Plan>>,
}

pub(super) async fn run(
    ground: Ground<'_>,
    order: Order<'_>,
    stop: Stop,
    observe: Observe,
) -> Result<PlanStatus, Error> {
    let mut hold = Hold::take(&order.path).map_err(BatchError::from)?;
    // A folder that was bound to its plan has a ledger: the batch is gone on with.
    let begun = match hold.plan() {
        Some(_) => Some(open(&order.path).await?),
        None => None,
    };
    let plan = match &begun {
        Some(ledger) => {
            let plan = ledger.plan(order.plan).await.map_err(BatchError::from)?;
            ledger.reopen(order.plan).await.map_err(BatchError::from)?;
            Arc::new(plan)
        }
        None => order.planned.ok_or_else(|| unknown(order.plan))?,
    };
    let progress = Arc::new(Progress::new(
        first(&plan, PlanState::Preparing),
        stop.clone(),
        observe,
    ));
    if let Some(ledger) = &begun {
        progress.count(&ledger.counts(order.plan).await.map_err(BatchError::from)?);
    }
    let Yes {
        prepared,
        approval,
        folder,
        kept,
    } = ask(
        ground,
        order.state,
        &order.path,
        &plan,
        begun.as_ref(),
        &progress,
    )
    .await?;

    let place = ledger_in(&order.path);
    let (ledger, seat) = begin(&mut hold, begun, &place, &plan, &approval).await?;
    let folder = folder.for_plan(&plan)?;
    let batch = Batch {
        prepared: Arc::new(prepared),
        approval,
        seat,
        folder: folder.clone(),
        sessions: vec![Arc::clone(ground.session)],
        audit: AuditLog::clone(ground.audit),
        #[cfg(feature = "vault")]
        vaults: None,
        on_failure: OnFailure::GoOn,
    };
    let ended = {
        let progress = Arc::clone(&progress);
        batch.run(stop, move |event| progress.hear(event)).await?
    };
    write_report(&ledger, &plan, folder.path()).await?;
    if ended.is_whole() {
        kept.forget(order.plan)?;
    }
    // A stop that was asked for is no failure.
    let why = ended.stopped.as_ref();
    let why = why.filter(|error| !matches!(error, Error::Interrupted));
    Ok(progress.end(&ended.counts, why))
}

/// Neither begun here nor made in this run, or made too long ago.
fn unknown(plan: PlanHash) -> Error {
    BatchError::from(LedgerError::PlanUnknown {
        place: "of this bridge".to_owned(),
        wanted: plan.to_string(),
    })
    .into()
}

/// A plan that a person agreed to, or the policies did.
struct Yes {
    prepared: Prepared,
    approval: PlanApproval,
    folder: BatchFolder,
    kept: KeptApprovals,
}

/// Examines the plan on this machine and asks for it. A batch that was begun is asked for again only when its
/// approval is not kept any more.
async fn ask(
    ground: Ground<'_>,
    state: &StateFolder,
    path: &Path,
    plan: &Arc<Plan>,
    begun: Option<&Ledger>,
    progress: &Progress,
) -> Result<Yes, Error> {
    let conditions = Conditions {
        admission: ground.admission,
        software: ground.software,
        flags: &[],
        asked_by: Requester::Page,
    };
    let mut consent = ground.prompter.clone();
    let prepared = Prepared::of(
        Arc::clone(plan),
        ground.session,
        &mut consent,
        ground.audit,
        &conditions,
    )
    .await?;
    let folder = BatchFolder::open(path)?;
    let list = listing(plan);
    let text = folder.write_list(&list)?;
    let left = match begun {
        Some(ledger) => {
            let counts = ledger.counts(plan.hash()).await.map_err(BatchError::from)?;
            u64::from(counts.left())
        }
        None => u64::try_from(plan.lines().len()).unwrap_or(u64::MAX),
    };
    let question = prepared.question(left, PlanEnd::Files, text.to_string_lossy().into_owned())?;
    let kept = KeptApprovals::of(state)?;
    let asking = Asking {
        flags: &[],
        kept: &kept,
        before: if begun.is_some() {
            Before::Stands
        } else {
            Before::Ask
        },
        prompter: ground.prompter,
        show: &|_| {},
        second: &|| progress.enter(PlanState::SecondApproving),
    };
    progress.enter(PlanState::Approving);
    let approval = asking
        .ask(&prepared, &question, PlanList(list), ground.audit)
        .await?;
    Ok(Yes {
        prepared,
        approval,
        folder,
        kept,
    })
}
