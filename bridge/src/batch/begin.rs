//! The beginning of a batch that was approved.

use std::sync::Arc;
use std::time::Duration;

use super::BatchError;
use super::ledger::{ApprovalNote, Hold, Ledger, LedgerPlace, Seat};
use super::plan::Plan;
use crate::approve::PlanApproval;
use crate::moment;

/// How long a bridge may be silent before others take up what it holds.
const LEASE: Duration = Duration::from_secs(30);

/// Gives the folder to the plan, notes who approved it, and takes a seat at its ledger; one that was not `begun` before
/// is made at `place`.
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
    hold.bind(plan.hash())?;
    let note = ApprovalNote {
        host: hold.holder().host.clone(),
        kind: approval.kind(),
        second: approval.second().map(str::to_owned),
        at: moment::present().unwrap_or_default(),
    };
    ledger.record_approval(plan.hash(), note).await?;
    let seat = ledger.join(hold, plan.hash(), LEASE).await?;
    Ok((ledger, seat))
}
