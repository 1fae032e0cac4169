//! `POST /v1/unlock`: logs in to the token. The body is `{}`: a PIN never comes this way.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use keyferry_core::SessionInfo;
use serde::Deserialize;

use super::turn::in_turn;
use crate::server::app::Run;
use crate::server::body::Order;
use crate::server::desk::Desk;
use crate::server::problem::Problem;
use crate::server::seat::Asker;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

pub(super) async fn unlock<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    Order(Nothing {}): Order<Nothing>,
) -> Result<Json<SessionInfo>, Problem> {
    in_turn(&run, &asker, |run| async move { run.desk.unlock().await }).await?;
    Ok(Json(run.desk.session().await))
}
