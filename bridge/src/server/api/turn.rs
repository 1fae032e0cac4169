//! One owner at a time, and nothing that was begun is left half done. Whoever waited for the turn needs the seat when
//! it comes: a tab that was taken over meanwhile begins nothing.

use std::sync::{Arc, PoisonError};

use tokio::sync::{OwnedMutexGuard, OwnedRwLockReadGuard};

use crate::Error;
use crate::server::app::Run;
use crate::server::desk::Desk;
use crate::server::problem::Problem;
use crate::server::seat::Asker;

/// Waits for this request's turn, then runs `work` to its end. A client that goes away while it
/// waits is forgotten, and nobody waits for long: behind a prompt that nobody answers a page would
/// only spin.
///
/// # Errors
/// What `work` says, `bridge-busy` when the turn did not come, `other-tab` when another one took over meanwhile,
/// `internal` when `work` panicked.
pub(super) async fn in_turn<D, T, Work>(
    run: &Arc<Run<D>>,
    asker: &Asker,
    work: impl FnOnce(Arc<Run<D>>) -> Work,
) -> Result<T, Problem>
where
    T: Send + 'static,
    Work: Future<Output = Result<T, Error>> + Send + 'static,
{
    let turn = Arc::clone(&run.turn).lock_owned();
    let turn = tokio::time::timeout(run.limits.queue_time, turn)
        .await
        .map_err(|_| Problem::bridge_busy())?;
    let turn = seated(run, asker, turn)?;
    let work = work(Arc::clone(run));
    to_its_end(async move {
        let _turn = turn;
        work.await
    })
    .await
}

/// Waits for the turn of an order whose answer is a stream: until `left`, when its client takes the order with it.
/// Who asks is looked up when the turn has come. `other-tab` when another one has taken over meanwhile.
pub(super) async fn turn_of_stream<D>(
    run: &Run<D>,
    asker: impl FnOnce() -> Asker,
    left: impl Future<Output = ()>,
) -> Option<Result<OwnedMutexGuard<()>, Problem>> {
    let turn = tokio::select! {
        turn = Arc::clone(&run.turn).lock_owned() => turn,
        () = left => return None,
    };
    Some(seated(run, &asker(), turn))
}

/// Gives the turn to whoever still has the seat.
fn seated<D>(
    run: &Run<D>,
    asker: &Asker,
    turn: OwnedMutexGuard<()>,
) -> Result<OwnedMutexGuard<()>, Problem> {
    if run.seat.admits(asker) {
        Ok(turn)
    } else {
        Err(Problem::other_tab())
    }
}

/// Runs `work` to its end, even when the client goes away: a login or a new key must reach the
/// record.
///
/// # Errors
/// What `work` says, `internal` when it panicked.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::spawn(work).await {
        Ok(outcome) => outcome.map_err(Problem::from),
        Err(_) => Err(Problem::internal()),
    }
}

/// Keeps the server from stopping, from the moment of an approval to the end of what was approved.
#[derive(Default)]
pub(super) struct Approved(std::sync::Mutex<Option<OwnedRwLockReadGuard<()>>>);

impl Approved {
    /// One that is held here until the end, and what tells it of the approval.
    pub(super) fn shared<D: Desk>(
        run: &Arc<Run<D>>,
    ) -> (Arc<Self>, impl FnOnce() + Send + 'static + use<D>) {
        let held = Arc::new(Self::default());
        let (begun, run) = (Arc::clone(&held), Arc::clone(run));
        (held, move || begun.begin(&run))
    }

    /// A person has said yes. Once the server is stopping, nothing is kept any more.
    pub(super) fn begin<D>(&self, run: &Run<D>) {
        if let Ok(guard) = Arc::clone(&run.approved).try_read_owned() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
        }
    }
}
