//! One owner at a time, and nothing that was begun is left half done.

use std::sync::Arc;

use crate::Error;
use crate::server::app::Run;
use crate::server::problem::Problem;

/// Waits for this request's turn, then runs `work` to its end, even when the client goes away: a login
/// or a new key must reach the record. A client that goes away while it waits is forgotten.
pub(super) async fn in_turn<D, T, Work>(
    run: &Arc<Run<D>>,
    work: impl FnOnce(Arc<Run<D>>) -> Work,
) -> Result<T, Problem>
where
    T: Send + 'static,
    Work: Future<Output = Result<T, Error>> + Send + 'static,
{
    let turn = Arc::clone(&run.turn).lock_owned().await;
    let work = work(Arc::clone(run));
    let task = tokio::spawn(async move {
        let _turn = turn;
        work.await
    });
    match task.await {
        Ok(outcome) => outcome.map_err(Problem::from),
        Err(_) => Err(Problem::internal()),
    }
}
