//! The beginning of a batch that was approved.

use std::sync::Arc;
use std::time::Duration;

use super::BatchError;
use super::ledger::{ApprovalNote, Hold, Ledger, LedgerError, LedgerPlace, Seat};
use super::plan::{Plan, PlanHash};
use crate::approve::PlanApproval;
use crate::moment;

/// How long a bridge may be silent before others take up what it holds.
const LEASE: Duration = Duration::from_secs(30);

/// Whether a batch that was begun is gone on with its imports: where it was begun with them, or where they are asked for
/// and no key is done without.
///
/// # Errors
/// [`LedgerError::NotImported`], and what the ledger says.
pub async fn imports(ledger: &Ledger, plan: PlanHash, asked: bool) -> Result<bool, LedgerError> {
    if ledger.imports(plan).await? {
        return Ok(true);
    }
    if asked && ledger.counts(plan).await?.done > 0 {
        return Err(LedgerError::NotImported {
            place: ledger.place().to_owned(),
        });
    }
    Ok(asked)
}

/// Gives the folder to the plan, opens what failed before for another try, notes who approved it, and takes a seat at its
/// ledger; one that was not `begun` before is made at `place`.
///
/// # Errors
/// What the folder or the ledger says.
pub async fn begin(
    hold: &mut Hold,
    begun: Option<Ledger>,
    place: &LedgerPlace,
    plan: &Arc<Plan>,
    approval: &PlanApproval,
) -> Result<(Ledger, Seat), BatchError> {
    let ledger = match begun {
        Some(ledger) => ledger,
        None => {
            let ledger = Ledger::open(place).await?;
            ledger.record_plan(plan).await?;
            ledger
        }
    };
    // Another bridge may have begun it meanwhile, or a run that did not come as far as its folder.
    if imports(&ledger, plan.hash(), approval.imports()).await? != approval.imports() {
        return Err(BatchError::from(LedgerError::Imports {
            place: ledger.place().to_owned(),
        }));
    }
    ledger.reopen(plan.hash()).await?;
    hold.bind(plan.hash())?;
    let note = ApprovalNote {
        host: hold.holder().host.clone(),
        pid: hold.holder().pid,
        kind: approval.kind(),
        second: approval.second().map(str::to_owned),
        imports: approval.imports(),
        at: moment::present().unwrap_or_default(),
    };
    ledger.record_approval(plan.hash(), note).await?;
    let seat = ledger.join(hold, plan.hash(), LEASE).await?;
    Ok((ledger, seat))
}
