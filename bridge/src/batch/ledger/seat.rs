//! A seat: the right of one bridge to claim lines of a plan and to write what became of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::awake;
use super::note::Detail;
use super::script;
use super::step::Step;
use super::{Ledger, LedgerError};
use crate::batch::PlanHash;

/// Who takes part, as others are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatInfo {
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The batch's folder there, absolute.
    pub folder: String,
    /// That folder's identity, 32 hexadecimal digits.
    pub folder_id: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// A seat that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatState {
    /// Its name: 32 hexadecimal digits.
    pub id: String,
    /// Whose it is.
    pub info: SeatInfo,
    /// How long its beat may stand still, in milliseconds.
    pub lease_ms: u64,
    /// Advances with each of its writes.
    pub beat: i64,
    /// How many lines it holds.
    pub holds: u32,
}

/// A line that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its number in the plan.
    pub number: u32,
    /// How far others, or an earlier run, had come with it.
    pub step: Step,
    /// The how-manieth claim this is, from 1: after the first, a wrap may have been begun before.
    pub attempt: u32,
    /// What was known of it.
    pub detail: Detail,
}

/// A step to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// The line.
    pub number: u32,
    /// How far it has come.
    pub to: Step,
    /// What is known of it now; replaces what was known.
    pub detail: Detail,
}

/// A seat of this process. Dropping it does not give it up ([`Seat::leave`] does): its lines then stay held until the
/// lease has run out, or until the same folder is taken up again.
#[derive(Clone)]
pub struct Seat {
    ledger: Ledger,
    plan: Arc<str>,
    id: Arc<str>,
    lease: Duration,
    ticket: Arc<AtomicI64>,
}

/// Renews a seat in the background until it is dropped.
#[derive(Debug)]
pub struct KeepAlive(tokio::task::JoinHandle<()>);

impl Drop for KeepAlive {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Seat {
    pub(super) fn new(ledger: Ledger, plan: PlanHash, id: String, lease: Duration) -> Self {
        Self {
            ledger,
            plan: plan.to_string().into(),
            id: id.into(),
            lease,
            ticket: Arc::default(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The ledger that it is in.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Claims at most `most` lines, the lowest numbers first, each for one seat alone. When fewer are free, seats that
    /// stood still for their lease are given up first. None may mean that others hold what is left: ask again later,
    /// until [`super::Counts::is_complete`].
    ///
    /// # Errors
    /// [`LedgerError::LeaseLost`], and what the ledger says.
    pub async fn claim(&self, most: u32) -> Result<Vec<Claim>, LedgerError> {
        let mut claims = self.claim_free(most).await?;
        let missing = most.saturating_sub(u32::try_from(claims.len()).unwrap_or(u32::MAX));
        if missing > 0 && self.ledger.expire_text(&self.plan).await? > 0 {
            claims.extend(self.claim_free(missing).await?);
        }
        Ok(claims)
    }

    async fn claim_free(&self, most: u32) -> Result<Vec<Claim>, LedgerError> {
        let ticket = self.ticket.fetch_add(1, Ordering::Relaxed);
        let (plan, id) = (Arc::clone(&self.plan), Arc::clone(&self.id));
        let begun = awake::now();
        let claims = self
            .ledger
            .store()
            .transact(move |tx| script::claim(tx, &plan, &id, ticket, most))
            .await?;
        self.confirm(begun).await?;
        Ok(claims)
    }

    /// A write shows others that this seat lives, but its answer may be read much later: the machine slept, the process
    /// was stopped. Asks again until an answer is read so soon after the question that half of the lease is left.
    async fn confirm(&self, mut begun: Duration) -> Result<(), LedgerError> {
        while awake::now().saturating_sub(begun) > self.lease / 2 {
            begun = awake::now();
            self.beat().await?;
        }
        Ok(())
    }

    async fn beat(&self) -> Result<(), LedgerError> {
        let id = Arc::clone(&self.id);
        self.ledger
            .store()
            .transact(move |tx| script::beat(tx, &id))
            .await
    }

    /// Writes steps of held lines, all in one durable transaction. A step that names what is about to be asked of a
    /// vault has to be written before it is asked; when this returns, nobody takes the lines up for half a lease.
    ///
    /// # Errors
    /// [`LedgerError::LeaseLost`]: nothing was written, and nothing more may be begun. [`LedgerError::NotHeld`], and
    /// what the ledger says.
    pub async fn advance(&self, group: Vec<Advance>) -> Result<(), LedgerError> {
        let (plan, id) = (Arc::clone(&self.plan), Arc::clone(&self.id));
        let begun = awake::now();
        self.ledger
            .store()
            .transact(move |tx| script::advance(tx, &plan, &id, &group))
            .await?;
        self.confirm(begun).await
    }

    /// Gives held lines back, for others or for later.
    ///
    /// # Errors
    /// As [`Seat::advance`].
    pub async fn release(&self, numbers: Vec<u32>) -> Result<(), LedgerError> {
        let (plan, id) = (Arc::clone(&self.plan), Arc::clone(&self.id));
        self.ledger
            .store()
            .transact(move |tx| script::release(tx, &plan, &id, &numbers))
            .await
    }

    /// Shows that this bridge lives. Every other write of the seat does so too.
    ///
    /// # Errors
    /// [`LedgerError::LeaseLost`], and what the ledger says.
    pub async fn renew(&self) -> Result<(), LedgerError> {
        self.beat().await
    }

    /// Renews in the background, three times a lease, until the result is dropped or the lease is lost. A failure is
    /// tried again and told by the next write.
    #[must_use]
    pub fn keep_alive(&self) -> KeepAlive {
        let seat = self.clone();
        KeepAlive(tokio::spawn(async move {
            loop {
                tokio::time::sleep(seat.lease / 3).await;
                let begun = awake::now();
                match seat.renew().await {
                    Ok(()) => {}
                    Err(LedgerError::LeaseLost) => return,
                    Err(error) => tracing::warn!(
                        code = error.code(),
                        seconds = awake::now().saturating_sub(begun).as_secs(),
                        "a seat of the batch could not be renewed"
                    ),
                }
            }
        }))
    }

    /// Gives the seat up, and every line that it holds.
    ///
    /// # Errors
    /// What the ledger says.
    pub async fn leave(self) -> Result<(), LedgerError> {
        let id = Arc::clone(&self.id);
        self.ledger
            .store()
            .transact(move |tx| script::leave(tx, &id).map(drop))
            .await
    }
}
