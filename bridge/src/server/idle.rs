//! What happens when nobody asks for anything: the token is locked, and the server ends.

use std::sync::Arc;
use std::time::Duration;

use keyferry_core::Requester;

use super::app::Run;
use super::desk::Desk;
use crate::config::IdleRules;

/// How often is looked, at most and at least.
const STEPS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Locks the token whenever it was not used for long enough. Ends when the server is to end.
pub(super) async fn watch<D: Desk>(run: Arc<Run<D>>, rules: IdleRules) {
    let shortest = rules.lock_after.into_iter().chain(rules.exit_after).min();
    let Some(shortest) = shortest else {
        return std::future::pending().await;
    };
    let step = (shortest / 8).clamp(STEPS.0, STEPS.1);
    loop {
        tokio::time::sleep(step).await;
        // Whoever has the turn, or was told yes, is not idle: a prompt may be waiting for an answer.
        let Ok(_turn) = run.turn.try_lock() else {
            continue;
        };
        let Ok(_approved) = run.approved.try_write() else {
            continue;
        };
        let token_idle = run.desk.token_idle_for();
        if rules.lock_after.is_some_and(|after| token_idle >= after)
            && let Err(error) = run.desk.lock(Requester::Bridge).await
        {
            tracing::error!(code = error.code(), "the idle token could not be locked");
        }
        let idle = token_idle.min(run.usage.idle_for());
        if rules.exit_after.is_some_and(|after| idle >= after) {
            tracing::info!("nobody asked for anything, so the bridge ends");
            return;
        }
    }
}
