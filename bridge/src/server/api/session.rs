//! `GET /v1/session`: who is here.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use keyferry_core::SessionInfo;

use crate::server::app::Run;
use crate::server::desk::Desk;

pub(super) async fn show<D: Desk>(State(run): State<Arc<Run<D>>>) -> Json<SessionInfo> {
    Json(run.desk.session().await)
}
