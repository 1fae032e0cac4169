//! What the stages of a run share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use keyferry_core::{AuditEntry, AuditEvent, Outcome};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::fault::{Failure, IN_A_ROW, Whose, whose};
use super::portion::{Backlog, Waits};
#[cfg(feature = "vault")]
use super::vaults::Consequence;
use super::vaults::Vaults;
use super::{BatchEvent, LineEnd, LineReport, OnFailure, Stop};
use crate::Error;
use crate::approve::PlanApproval;
use crate::audit_log::AuditLog;
use crate::batch::BatchFolder;
use crate::batch::ledger::{Detail, Seat, Step};
use crate::batch::plan::{Plan, PlanLine};
use crate::batch::prepared::Prepared;
use crate::transfer::OneKey;

/// Keys that are claimed and not at their end. It bounds what a run holds in memory, whatever the plan's size.
pub(super) const IN_FLIGHT: u32 = 1024;

/// Where wrapped keys go to be imported.
pub(super) type Importer = mpsc::UnboundedSender<ToImport>;

/// A claimed line under way; its place among those in flight is free when this is dropped.
pub(super) struct Held {
    pub(super) number: u32,
    pub(super) step: Step,
    pub(super) detail: Detail,
    pub(super) _place: OwnedSemaphorePermit,
    /// While the HSM is to wrap it.
    pub(super) waits: Option<Waits>,
}

/// A line to import.
#[cfg_attr(
    not(feature = "vault"),
    allow(dead_code, reason = "nothing is imported")
)]
pub(super) struct ToImport {
    pub(super) held: Held,
    /// File and receipt, when they are at hand; else they are read from the folder.
    pub(super) files: Option<(Vec<u8>, keyferry_core::Receipt)>,
}

/// Failures in a row of something that all keys need.
#[derive(Debug, Default)]
pub(super) struct Streak(Mutex<Row>);

#[derive(Debug, Default)]
struct Row {
    failures: u32,
    /// The latest question that had one.
    latest: u64,
}

impl Streak {
    /// It worked, in answer to the question of this number. Answers to two questions may be heard in the other order:
    /// that the earlier one worked says nothing of what failed after it.
    pub(super) fn worked(&self, question: u64) {
        let mut row = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if question >= row.latest {
            row.failures = 0;
        }
    }

    /// It failed; true when the run has to end because of it.
    pub(super) fn is_too_much(&self, error: &Error, question: u64) -> bool {
        match whose(error) {
            Whose::Key => false,
            Whose::Worker | Whose::All => {
                let mut row = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                row.latest = row.latest.max(question);
                row.failures = row.failures.saturating_add(1);
                row.failures >= IN_A_ROW
            }
        }
    }
}

/// The run.
pub(super) struct Course {
    pub(super) prepared: Arc<Prepared>,
    pub(super) seat: Seat,
    pub(super) folder: BatchFolder,
    pub(super) audit: AuditLog,
    pub(super) stop: Stop,
    pub(super) places: Arc<Semaphore>,
    pub(super) backlog: Backlog,
    approval: PlanApproval,
    on_failure: OnFailure,
    tell: Box<dyn Fn(&BatchEvent) + Send + Sync>,
    done: AtomicU64,
    failed: AtomicU64,
    /// Failures in a row of the HSM.
    pub(super) hsm: Streak,
    vaults: Vaults,
    failed_fast: AtomicBool,
    why: Mutex<Option<Error>>,
}

impl Course {
    #[allow(
        clippy::too_many_arguments,
        reason = "made in one place, of parts that have nothing in common"
    )]
    pub(super) fn new(
        prepared: Arc<Prepared>,
        approval: PlanApproval,
        seat: Seat,
        folder: BatchFolder,
        audit: AuditLog,
        on_failure: OnFailure,
        stop: Stop,
        tell: Box<dyn Fn(&BatchEvent) + Send + Sync>,
    ) -> Self {
        let vaults = Vaults::of(prepared.plan().header());
        Self {
            prepared,
            seat,
            folder,
            audit,
            stop,
            places: Arc::new(Semaphore::new(IN_FLIGHT as usize)),
            backlog: Backlog::default(),
            approval,
            on_failure,
            tell,
            done: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            hsm: Streak::default(),
            vaults,
            failed_fast: AtomicBool::new(false),
            why: Mutex::new(None),
        }
    }

    pub(super) fn plan(&self) -> &Plan {
        self.prepared.plan()
    }

    /// The plan's line of this number.
    pub(super) fn line(&self, number: u32) -> Result<&PlanLine, Error> {
        self.plan().line(number).ok_or(Error::Internal(
            "the ledger names a line that the plan does not have",
        ))
    }

    /// A line as it will be wrapped, approved as one of the plan's, with what the record will say of it.
    pub(super) fn approved(
        &self,
        line: &PlanLine,
    ) -> Result<(OneKey, AuditEntry), Box<(AuditEntry, Failure)>> {
        let mut entry = self.entry(AuditEvent::WrapOutcome);
        entry.key_label = Some(line.key.label.clone());
        entry.key_id = Some(line.key.id.clone());
        entry.target = Some(line.key.kind);
        entry.kid = Some(line.kid.to_string());
        entry.kek_thumbprint_sha256 = Some(line.kek_thumbprint_sha256.to_string());
        let one = match self.prepared.one(line) {
            Ok(one) => one,
            Err(error) => return Err(Box::new((entry, Failure::from(error)))),
        };
        one.note(&mut entry);
        let approval = self
            .approval
            .approve(self.plan(), line, one.question())
            .and_then(|approval| approval.consume(one.question()));
        match approval {
            Ok(kind) => {
                entry.approval = Some(kind);
                entry.second_approver = self.approval.second().map(str::to_owned);
                Ok((one, entry))
            }
            Err(error) => Err(Box::new((entry, Failure::from(&error)))),
        }
    }

    pub(super) fn entry(&self, event: AuditEvent) -> AuditEntry {
        let mut entry = AuditEntry::new(event, Outcome::Done, self.prepared.asked_by());
        entry.plan_sha256 = Some(self.plan().hash().to_string());
        entry
    }

    #[cfg(feature = "vault")]
    pub(super) fn approval_kind(&self) -> keyferry_core::ApprovalKind {
        self.approval.kind()
    }

    pub(super) fn tell(&self, report: LineReport) {
        match report.end {
            LineEnd::Done => {
                self.done.fetch_add(1, Ordering::Relaxed);
            }
            LineEnd::Failed => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                if self.on_failure == OnFailure::Stop {
                    self.failed_fast.store(true, Ordering::Relaxed);
                    self.stop.stop();
                }
            }
            LineEnd::Wrapped | LineEnd::Again => {}
        }
        (self.tell)(&BatchEvent::Line(report));
    }

    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Whether nothing more is begun for this line's vault.
    pub(super) fn is_without(&self, line: &PlanLine) -> bool {
        self.vaults.is_out(&line.vault)
    }

    /// Its vault has taken a line's key.
    #[cfg(feature = "vault")]
    pub(super) fn vault_worked(&self, line: &PlanLine) {
        self.vaults.worked(&line.vault);
    }

    /// Its vault has not taken a line's key. What is left for a vault that the run goes on without stays as it is.
    #[cfg(feature = "vault")]
    pub(super) fn vault_failed(&self, line: &PlanLine, error: Error) {
        match self.vaults.failed(&line.vault, &error) {
            Consequence::None => {}
            Consequence::WithoutVault => self.note(error),
            Consequence::End => self.give_up(error),
        }
    }

    /// Stops the run because of something that all keys need. The first reason is the one that is told.
    pub(super) fn give_up(&self, error: Error) {
        self.note(error);
        self.stop.stop();
    }

    fn note(&self, error: Error) {
        let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        why.get_or_insert(error);
    }

    pub(super) fn why_stopped(&self) -> Option<Error> {
        let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        match why.take() {
            None if self.stop.is_said() && !self.failed_fast.load(Ordering::Relaxed) => {
                Some(Error::Interrupted)
            }
            why => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_questions_success_that_is_heard_late_ends_no_row() {
        let (streak, error) = (Streak::default(), Error::BridgeLocked);
        assert!(!streak.is_too_much(&error, 1));
        streak.worked(1);
        assert!(!streak.is_too_much(&error, 3));
        assert!(!streak.is_too_much(&error, 3));
        streak.worked(2);
        assert!(streak.is_too_much(&error, 2));
        streak.worked(3);
        assert!(!streak.is_too_much(&error, 4));
    }
}
