//! One run of a plan: its folder, its examination, one native yes, and then the engine.

use std::path::PathBuf;
use std::sync::Arc;

use keyferry_core::{PlanState, PlanStatus, Requester, VaultAddress};

use super::Ground;
use super::folder::{is_begun, ledger_in, open};
use super::progress::{Observe, Progress, first};
use crate::Error;
use crate::approve::{PlanApproval, PlanEnd, PlanList};
use crate::audit_log::AuditLog;
use crate::batch::ledger::{Counts, LedgerError};
use crate::batch::run::{Batch, OnFailure, Stop};
use crate::batch::{
    Asking, BatchError, BatchFolder, Before, Conditions, Hold, KeptApprovals, Ledger, Plan,
    PlanHash, Prepared, begin, imports, listing, write_report,
};
use crate::server::vaults::{BatchVault, apart};
use crate::state::StateFolder;

/// What is to be run.
pub(super) struct Order<'a> {
    pub(super) state: &'a StateFolder,
    /// The batch's folder.
    pub(super) path: PathBuf,
    pub(super) plan: PlanHash,
    /// The plan, when it was made in this run of the bridge.
    pub(super) planned: Option<Arc<Plan>>,
    /// Whether the keys are imported, too.
    pub(super) import: bool,
}

/// A batch that was begun, and how far it has come.
struct Begun {
    ledger: Ledger,
    counts: Counts,
}

impl Begun {
    fn is_whole(&self) -> bool {
        self.counts.done == self.counts.lines
    }
}

pub(super) async fn run(
    ground: Ground<'_>,
    mut order: Order<'_>,
    stop: Stop,
    observe: Observe,
) -> Result<PlanStatus, Error> {
    let mut hold = Hold::take(&order.path).map_err(BatchError::from)?;
    let (plan, begun) = take_up(&order, &hold).await?;
    let import = match &begun {
        Some(begun) => imports(&begun.ledger, order.plan, order.import).await,
        None => Ok(order.import),
    };
    // Told before a refusal, too: what was done without its import is not called imported.
    order.import = import.as_ref().is_ok_and(|import| *import);
    let status = status(&order, &plan, begun.is_some());
    let progress = Arc::new(Progress::new(status, stop.clone(), observe));
    if let Some(begun) = &begun {
        progress.count(&begun.counts);
        import.map_err(BatchError::from)?;
        if begun.is_whole() {
            // Nothing is left to ask for.
            write_report(&begun.ledger, &plan, &order.path).await?;
            return Ok(progress.end(&begun.counts, None));
        }
    }
    let Yes {
        prepared,
        approval,
        folder,
        kept,
        vault,
    } = ask(ground, &order, &plan, begun.as_ref(), &progress).await?;

    let place = ledger_in(&order.path);
    let ledger = begun.map(|begun| begun.ledger);
    let (ledger, seat) = begin(&mut hold, ledger, &place, &plan, &approval).await?;
    let folder = folder.for_plan(&plan)?;
    let batch = Batch {
        prepared: Arc::new(prepared),
        approval,
        seat,
        folder: folder.clone(),
        sessions: vec![Arc::clone(ground.session)],
        audit: AuditLog::clone(ground.audit),
        #[cfg(feature = "vault")]
        vaults: vault.as_ref().map(|vault| vault.clients.clone()),
        on_failure: OnFailure::GoOn,
    };
    let ended = {
        let progress = Arc::clone(&progress);
        batch.run(stop, move |event| progress.hear(event)).await?
    };
    drop(vault);
    write_report(&ledger, &plan, folder.path()).await?;
    if ended.is_whole() {
        kept.forget(order.plan)?;
    }
    // A stop that was asked for is no failure.
    let why = ended.stopped.as_ref();
    let why = why.filter(|error| !matches!(error, Error::Interrupted));
    Ok(progress.end(&ended.counts, why))
}

/// The plan, and how far it came where it was begun: then it is gone on with.
async fn take_up(order: &Order<'_>, hold: &Hold) -> Result<(Arc<Plan>, Option<Begun>), Error> {
    if hold.plan().is_none() {
        if let Some(plan) = &order.planned {
            return Ok((Arc::clone(plan), None));
        }
        // A run may have ended between the ledger and the folder.
        if !is_begun(&order.path) {
            return Err(unknown(order.plan));
        }
    }
    let ledger = open(&order.path).await?;
    let plan = ledger.plan(order.plan).await.map_err(BatchError::from)?;
    let counts = ledger.counts(order.plan).await.map_err(BatchError::from)?;
    Ok((Arc::new(plan), Some(Begun { ledger, counts })))
}

/// What is told of the plan before anybody is asked.
fn status(order: &Order<'_>, plan: &Plan, begun: bool) -> PlanStatus {
    let mut status = first(plan, PlanState::Preparing);
    status.import = order.import;
    if begun {
        status.folder = Some(order.path.to_string_lossy().into_owned());
    }
    status
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
    /// The vault, where the keys are imported.
    vault: Option<BatchVault>,
}

/// Examines the plan on this machine and asks for it. A batch that was begun is asked for again only when its
/// approval is not kept any more.
async fn ask(
    ground: Ground<'_>,
    order: &Order<'_>,
    plan: &Arc<Plan>,
    begun: Option<&Begun>,
    progress: &Arc<Progress>,
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
    let folder = BatchFolder::open(&order.path)?;
    let text = folder.write_list(listing(plan))?;
    let left = match begun {
        Some(begun) => u64::from(begun.counts.not_done()),
        None => u64::try_from(plan.lines().len()).unwrap_or(u64::MAX),
    };
    let vault = if order.import {
        Some(vault(ground, plan, begun.is_some(), progress).await?)
    } else {
        None
    };
    let end = match &vault {
        Some(vault) => PlanEnd::Import {
            signed_in: vault.signed_in.clone(),
        },
        None => PlanEnd::Files,
    };
    let mut question = prepared.question(left, end, text.to_string_lossy().into_owned())?;
    question.new_versions = vault.as_ref().map_or(0, |vault| vault.present);
    let kept = KeptApprovals::of(order.state)?;
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
        .ask(
            &prepared,
            &question,
            PlanList(Arc::clone(plan)),
            ground.audit,
        )
        .await?;
    Ok(Yes {
        prepared,
        approval,
        folder,
        kept,
        vault,
    })
}

/// The plan's vault, looked into where its names are new to it.
async fn vault(
    ground: Ground<'_>,
    plan: &Plan,
    begun: bool,
    progress: &Arc<Progress>,
) -> Result<BatchVault, Error> {
    let address = VaultAddress::parse(&super::planned::vault(plan), ground.admission)?;
    let names: Vec<String> = if begun {
        Vec::new()
    } else {
        plan.lines().iter().map(|line| line.name.clone()).collect()
    };
    let (vaults, progress) = (Arc::clone(ground.vaults), Arc::clone(progress));
    apart(move || async move {
        vaults
            .for_batch(&address, &names, move |message, time| {
                progress.wait(message, time)
            })
            .await
    })
    .await
}
