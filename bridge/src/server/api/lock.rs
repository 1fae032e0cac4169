//! `POST /v1/lock`: logs out of the token and wipes the PIN. The body is `{}`.
//!
//! It waits for no turn: whoever locks means now. A wrap that waits for its approval finds the token locked.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use keyferry_core::{Requester, SessionInfo};

use super::turn::to_its_end;
use super::unlock::Nothing;
use crate::server::app::Run;
use crate::server::body::Order;
use crate::server::desk::Desk;
use crate::server::problem::Problem;

pub(super) async fn lock<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    Order(Nothing {}): Order<Nothing>,
) -> Result<Json<SessionInfo>, Problem> {
    let locking = Arc::clone(&run);
    to_its_end(async move { locking.desk.lock(Requester::Page).await }).await?;
    Ok(Json(run.desk.session().await))
}
