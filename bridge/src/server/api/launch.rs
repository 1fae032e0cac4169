//! `POST /v1/launch`: a launch code for the run's secret, once.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::server::app::Run;
use crate::server::body::Order;
use crate::server::desk::Desk;
use crate::server::problem::Problem;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LaunchOrder {
    code: String,
}

#[derive(Serialize)]
struct LaunchAnswer<'a> {
    // EXPOSE: the one answer that carries the secret, to whoever was given the code.
    secret: &'a str,
}

pub(super) async fn redeem<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    Order(order): Order<LaunchOrder>,
) -> Result<Response, Problem> {
    let code = Zeroizing::new(order.code);
    if !run.launch.redeem(&code, Instant::now()) {
        return Err(Problem::launch_code_refused());
    }
    Ok(Json(LaunchAnswer {
        secret: run.secret.expose(),
    })
    .into_response())
}
