//! The plan that is being run: at most one, followed by whoever asks, stopped by whoever asks.

use std::sync::{Mutex, PoisonError};

use keyferry_core::{PlanState, PlanStatus};
use tokio::sync::watch;

use crate::batch::PlanHash;
use crate::batch::run::Stop;
use crate::server::seat::Asker;

/// Where a plan under way is known.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<Option<Going>>);

#[derive(Debug)]
struct Going {
    plan: PlanHash,
    /// Who said last that it is to run.
    asker: Asker,
    status: watch::Sender<PlanStatus>,
    stop: Stop,
}

/// What becomes of an order to run a plan.
pub(super) enum Joined {
    /// It is being run: here is how it goes.
    Following(watch::Receiver<PlanStatus>),
    /// It is the caller's to run and to tell of.
    Begun(watch::Sender<PlanStatus>, Stop),
    /// Another one is being run.
    Other,
}

impl UnderWay {
    /// Follows the plan, or begins it with `first` as what is told of it.
    pub(super) fn join(&self, plan: PlanHash, asker: Asker, first: PlanStatus) -> Joined {
        let mut going = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *going {
            Some(one) if one.plan == plan => {
                one.asker = asker;
                Joined::Following(one.status.subscribe())
            }
            Some(_) => Joined::Other,
            None => {
                let status = watch::Sender::new(first);
                let stop = Stop::default();
                *going = Some(Going {
                    plan,
                    asker,
                    status: status.clone(),
                    stop: stop.clone(),
                });
                Joined::Begun(status, stop)
            }
        }
    }

    /// Who is to have the seat when the plan's turn comes; nobody's tab when nothing is under way.
    pub(super) fn asker(&self) -> Asker {
        let going = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        going
            .as_ref()
            .map_or_else(Asker::default, |one| one.asker.clone())
    }

    /// What is told of the plan under way.
    pub(super) fn status(&self) -> Option<PlanStatus> {
        let going = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        going.as_ref().map(|one| one.status.borrow().clone())
    }

    /// Has the plan stopped; false when it is not under way.
    pub(super) fn stop(&self, plan: PlanHash) -> bool {
        let going = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*going {
            Some(one) if one.plan == plan => {
                one.stop.stop();
                true
            }
            _ => false,
        }
    }

    /// Has whatever is under way stopped.
    pub(super) fn stop_all(&self) {
        let going = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = &*going {
            one.stop.stop();
        }
    }

    /// Nothing is under way any more.
    pub(super) fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Whether something is being done for a plan in this state.
pub(super) fn is_busy(state: PlanState) -> bool {
    match state {
        PlanState::Preparing
        | PlanState::Approving
        | PlanState::SecondApproving
        | PlanState::Running
        | PlanState::Stopping => true,
        PlanState::Ready | PlanState::Done => false,
    }
}
