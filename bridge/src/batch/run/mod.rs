//! The run of a batch: keys are claimed from the ledger, wrapped, put on disk in groups and, where that is asked,
//! imported; each stage works while the others do.
//!
//! A key counts as done when its file, its receipt, its line in the record and its line in the ledger are on disk.
//! Each group pays for that once. What is claimed and not done when a run ends, however it ends, is free again.

mod commit;
mod course;
mod event;
mod fault;
mod feed;
#[cfg(feature = "vault")]
mod import;
#[cfg(feature = "vault")]
mod imported;
#[cfg(feature = "vault")]
mod one_import;
mod portion;
mod stop;
mod vaults;
mod wrap;

pub use event::{BatchEvent, LineEnd, LineReport};
pub use stop::Stop;

#[cfg(feature = "vault")]
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyferry_core::{AuditEntry, AuditEvent, Outcome};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::ledger::{Counts, Seat};
use super::prepared::Prepared;
use super::{BatchError, BatchFolder};
use crate::Error;
use crate::approve::PlanApproval;
use crate::audit_log::AuditLog;
use crate::session::TokenSession;
#[cfg(feature = "vault")]
use crate::vault::VaultClient;
use course::Course;

/// What a failed key means for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// They go on.
    GoOn,
    /// Nothing more is begun.
    Stop,
}

/// A batch that may run.
pub struct Batch {
    /// The plan, judged on this machine.
    pub prepared: Arc<Prepared>,
    /// Leave for it.
    pub approval: PlanApproval,
    /// The right to claim its lines.
    pub seat: Seat,
    /// Where its files go.
    pub folder: BatchFolder,
    /// The token, opened once for each that is to work at the same time.
    pub sessions: Vec<Arc<TokenSession>>,
    /// The record.
    pub audit: AuditLog,
    /// Clients of the plan's vaults, by address, when the keys are imported too.
    #[cfg(feature = "vault")]
    pub vaults: Option<BTreeMap<String, Arc<VaultClient>>>,
    /// What a failed key means.
    pub on_failure: OnFailure,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Where the plan's lines are now, whoever did them.
    pub counts: Counts,
    /// What this run did.
    pub done: u64,
    /// What failed in it.
    pub failed: u64,
    /// From the first claim to the last flush.
    pub took: Duration,
    /// Why it ended before everything was done, when it did.
    pub stopped: Option<Error>,
}

impl Ended {
    /// Whether every key of the plan is done.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.counts.done == self.counts.lines
    }
}

impl Batch {
    /// Runs until nothing is left that this bridge could do, or until `stop` says so; what is in flight is finished
    /// then. `tell` hears of every key.
    ///
    /// # Errors
    /// What keeps the run from beginning or its end from being known; what stops it in between is in [`Ended`].
    pub async fn run(
        self,
        stop: Stop,
        tell: impl Fn(&BatchEvent) + Send + Sync + 'static,
    ) -> Result<Ended, Error> {
        let plan = Arc::clone(self.prepared.plan());
        let before = self
            .seat
            .ledger()
            .counts(plan.hash())
            .await
            .map_err(BatchError::from)?;
        let left = u64::from(before.left());
        self.record(AuditEvent::PlanIntent, Outcome::Intended, left, None)
            .await?;
        let _alive = self.seat.keep_alive();
        let seat = self.seat.clone();
        let audit = self.audit.clone();
        let outcome_entry = self.entry(AuditEvent::PlanOutcome);
        let begun = Instant::now();
        tell(&BatchEvent::Begun {
            plan: plan.hash().to_string(),
            lines: before.lines,
            left,
            folder: self.folder.path().to_string_lossy().into_owned(),
        });
        let course = Arc::new(Course::new(
            self.prepared,
            self.approval,
            self.seat,
            self.folder,
            self.audit,
            self.on_failure,
            stop,
            Box::new(tell),
        ));
        let mut tasks = JoinSet::new();
        let (work, queue) = mpsc::unbounded_channel();
        let (made, finished) = mpsc::unbounded_channel();
        let portion = portion::Portion::of(self.sessions.len(), begun);
        let queue = Arc::new(wrap::Queue::new(queue));
        // Two questions to each worker at a time: while one is answered, the next one waits in its pipe.
        for session in &self.sessions {
            let lane = Arc::new(wrap::Lane::new(Arc::clone(session)));
            for lane in [Arc::clone(&lane), lane] {
                let (course, queue, made) = (Arc::clone(&course), Arc::clone(&queue), made.clone());
                tasks.spawn(async move { wrap::work(&course, &lane, &queue, &made).await });
            }
        }
        drop(made);
        #[cfg(feature = "vault")]
        let importer = self
            .vaults
            .map(|vaults| import::start(&course, vaults, &mut tasks));
        #[cfg(not(feature = "vault"))]
        let importer: Option<course::Importer> = None;
        commit::start(&course, finished, importer.clone(), left, &mut tasks);
        {
            let course = Arc::clone(&course);
            tasks.spawn(async move { feed::feed(&course, work, importer, portion).await });
        }
        while let Some(ended) = tasks.join_next().await {
            if ended.is_err() {
                course.give_up(Error::Internal("a part of the batch stopped"));
            }
        }
        let took = begun.elapsed();
        let stopped = course.why_stopped();
        // A ledger that is gone frees the lines by their lease.
        let counts = match seat.clone().leave().await {
            Ok(()) => seat.ledger().counts(plan.hash()).await,
            Err(error) => Err(error),
        };
        let mut entry = outcome_entry;
        entry.plan_keys = Some(course.done());
        let code = match (&stopped, &counts) {
            (Some(error), _) => Some(error.code()),
            (None, Err(error)) => Some(error.code()),
            (None, Ok(counts)) if counts.not_done() > 0 => Some(fault::INCOMPLETE),
            (None, Ok(_)) => None,
        };
        if let Some(code) = code {
            entry.outcome = Outcome::Failed;
            entry.code = Some(code.to_owned());
        }
        // A record that cannot be written stopped the run already, and that is what is told.
        if !matches!(stopped, Some(Error::AuditUnwritable { .. })) {
            audit.append(entry).await?;
        }
        match counts {
            Ok(counts) => Ok(Ended {
                counts,
                done: course.done(),
                failed: course.failed(),
                took,
                stopped,
            }),
            Err(error) => Err(stopped.unwrap_or_else(|| BatchError::from(error).into())),
        }
    }

    fn entry(&self, event: AuditEvent) -> AuditEntry {
        let mut entry = AuditEntry::new(event, Outcome::Done, self.prepared.asked_by());
        entry.plan_sha256 = Some(self.prepared.plan().hash().to_string());
        entry.approval = Some(self.approval.kind());
        entry.second_approver = self.approval.second().map(str::to_owned);
        if let Some(token) = self.sessions.first().and_then(|session| session.token()) {
            entry.token_serial = Some(token.info.serial.clone());
            entry.token_firmware = Some(token.info.firmware.clone());
        }
        entry
    }

    async fn record(
        &self,
        event: AuditEvent,
        outcome: Outcome,
        keys: u64,
        code: Option<&str>,
    ) -> Result<(), Error> {
        let mut entry = self.entry(event);
        entry.outcome = outcome;
        entry.plan_keys = Some(keys);
        entry.code = code.map(str::to_owned);
        self.audit.append(entry).await.map(|_| ())
    }
}
