//! The ledger, opened.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::LedgerError;
use super::address::LedgerPlace;
use super::note::ApprovalNote;
use super::script;
use super::seat::{Seat, SeatInfo, SeatState};
use super::step::{Counts, LedgerRow, Step};
use super::store::Store;
use super::watch::Watch;
use crate::batch::plan::{Plan, PlanHash};

/// A ledger; clones share its connection.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    watch: Arc<Mutex<Watch>>,
}

/// Whether a plan was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It was written now.
    Now,
    /// It was there, with whatever became of its lines.
    Before,
}

impl Ledger {
    /// Opens a ledger; its tables are made when absent.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn open(place: &LedgerPlace) -> Result<Self, LedgerError> {
        Ok(Self {
            store: Store::open(place).await?,
            watch: Arc::default(),
        })
    }

    /// Where it is, without a password.
    #[must_use]
    pub fn place(&self) -> &str {
        self.store.place()
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Records a plan with all its lines; one that is there already stays as it is.
    ///
    /// # Errors
    /// [`LedgerError::OtherPlan`] for a file that holds another one, and what the ledger says.
    pub async fn record_plan(&self, plan: &Arc<Plan>) -> Result<Recorded, LedgerError> {
        let plan = Arc::clone(plan);
        let place = self.place().to_owned();
        self.store
            .transact(move |tx| script::record_plan(tx, &place, &plan))
            .await
    }

    /// The hashes of the plans in it.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn plans(&self) -> Result<Vec<PlanHash>, LedgerError> {
        let texts = self.store.transact(script::plans).await?;
        texts
            .iter()
            .map(|text| text.parse().map_err(|_| self.damaged("a plan's hash")))
            .collect()
    }

    /// A plan, found to be what its hash says.
    ///
    /// # Errors
    /// [`LedgerError::PlanUnknown`], [`LedgerError::Damaged`], and what the ledger says.
    pub async fn plan(&self, hash: PlanHash) -> Result<Plan, LedgerError> {
        let wanted = hash.to_string();
        let found = self
            .store
            .transact(move |tx| script::plan(tx, &wanted))
            .await?;
        let parts = found.ok_or_else(|| LedgerError::PlanUnknown {
            place: self.place().to_owned(),
            wanted: hash.to_string(),
        })?;
        Plan::of(parts.header, parts.lines)
            .and_then(|plan| plan.expect_hash(hash))
            .map_err(|error| self.damaged(&error.to_string()))
    }

    /// Notes that a plan was approved.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn record_approval(
        &self,
        plan: PlanHash,
        note: ApprovalNote,
    ) -> Result<(), LedgerError> {
        let plan = plan.to_string();
        self.store
            .transact(move |tx| script::record_approval(tx, &plan, &note))
            .await
    }

    /// The approvals that were noted; no consent ([`ApprovalNote`]).
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn approvals(&self, plan: PlanHash) -> Result<Vec<ApprovalNote>, LedgerError> {
        let plan = plan.to_string();
        self.store
            .transact(move |tx| script::approvals(tx, &plan))
            .await
    }

    /// Whether the plan was begun with its imports, by any bridge: then they belong to it.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn imports(&self, plan: PlanHash) -> Result<bool, LedgerError> {
        let approvals = self.approvals(plan).await?;
        Ok(approvals.iter().any(|note| note.imports))
    }

    /// Takes a seat for as long as it is renewed at least once a `lease`.
    ///
    /// The caller holds the batch's folder, so whoever had a seat for it before has ended: those seats are given up at
    /// once, and their lines are free without waiting for a lease.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn join(
        &self,
        hold: &super::Hold,
        plan: PlanHash,
        lease: Duration,
    ) -> Result<Seat, LedgerError> {
        self.join_as(hold.seat_info(), plan, lease).await
    }

    pub(super) async fn join_as(
        &self,
        info: SeatInfo,
        plan: PlanHash,
        lease: Duration,
    ) -> Result<Seat, LedgerError> {
        let id = super::hold::random_id().map_err(|reason| LedgerError::Unusable {
            place: self.place().to_owned(),
            reason,
        })?;
        let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let (hash, seat) = (plan.to_string(), id.clone());
        self.store
            .transact(move |tx| {
                script::join(tx, &hash, &seat, &info, lease_ms)?;
                script::succeed(tx, &hash, &seat, &info).map(drop)
            })
            .await?;
        Ok(Seat::new(self.clone(), plan, id, lease))
    }

    /// Who takes part, and what each holds.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn seats(&self, plan: PlanHash) -> Result<Vec<SeatState>, LedgerError> {
        let plan = plan.to_string();
        self.store
            .transact(move |tx| script::seats(tx, &plan))
            .await
    }

    /// Looks at the beats of all seats, and gives up those that stood still for their lease; returns how many lines
    /// became free.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn expire(&self, plan: PlanHash) -> Result<u64, LedgerError> {
        self.expire_text(&plan.to_string()).await
    }

    pub(super) async fn expire_text(&self, plan: &str) -> Result<u64, LedgerError> {
        let hash = plan.to_owned();
        let seats = self
            .store
            .transact(move |tx| script::seats(tx, &hash))
            .await?;
        let still = self
            .watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .look(&seats, Instant::now());
        let mut freed = 0;
        for (seat, beat) in still {
            freed += self
                .store
                .transact(move |tx| script::evict(tx, &seat, beat))
                .await?;
        }
        Ok(freed)
    }

    /// How many lines are where.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn counts(&self, plan: PlanHash) -> Result<Counts, LedgerError> {
        let plan = plan.to_string();
        self.store
            .transact(move |tx| script::counts(tx, &plan))
            .await
    }

    /// At most `most` lines with a number above `after`, of one step or of all, in order.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn rows(
        &self,
        plan: PlanHash,
        of: Option<Step>,
        after: u32,
        most: u32,
    ) -> Result<Vec<LedgerRow>, LedgerError> {
        let plan = plan.to_string();
        self.store
            .transact(move |tx| script::rows(tx, &plan, of, after, most))
            .await
    }

    /// Opens the lines that failed, for another try; returns how many.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn reopen(&self, plan: PlanHash) -> Result<u64, LedgerError> {
        let plan = plan.to_string();
        self.store
            .transact(move |tx| script::reopen(tx, &plan))
            .await
    }

    fn damaged(&self, reason: &str) -> LedgerError {
        LedgerError::Damaged {
            place: self.place().to_owned(),
            reason: reason.to_owned(),
        }
    }
}
