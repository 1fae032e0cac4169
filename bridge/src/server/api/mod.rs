//! The `/v1` routes: wire types in, one call of the desk, wire types out.

mod events;
mod failure;
mod keys;
mod launch;
mod lock;
mod plans;
mod record;
mod seat;
mod session;
mod turn;
mod unlock;
mod vault;
mod vault_import;
mod wraps;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::app::Run;
use super::desk::Desk;
use super::problem::Problem;

/// The route by which a tab takes the bridge over, or leaves it.
pub(super) const SEAT: &str = "/v1/seat";

/// Every route there is.
pub(super) fn routes<D: Desk>(run: Arc<Run<D>>) -> Router {
    Router::new()
        .route("/v1/launch", post(launch::redeem::<D>))
        .route(SEAT, post(seat::change::<D>))
        .route("/v1/session", get(session::show::<D>))
        .route("/v1/unlock", post(unlock::unlock::<D>))
        .route("/v1/lock", post(lock::lock::<D>))
        .route("/v1/keys", get(keys::list::<D>).post(keys::generate::<D>))
        .route("/v1/record", post(record::lines::<D>))
        .route("/v1/record/page", post(record::page::<D>))
        .route("/v1/wraps", post(wraps::wrap::<D>))
        .route("/v1/plans", get(plans::list::<D>).post(plans::make::<D>))
        .route("/v1/plans/{hash}", get(plans::show::<D>))
        .route("/v1/plans/{hash}/run", post(plans::run::<D>))
        .route("/v1/plans/{hash}/report", get(plans::report::<D>))
        .route("/v1/plans/{hash}/stop", post(plans::stop::<D>))
        .route("/v1/vault/keys", post(vault::keys::<D>))
        .route("/v1/vault/kek", post(vault::kek::<D>))
        .route("/v1/vault/keks", post(vault::create_kek::<D>))
        .route("/v1/vault/imports", post(vault_import::import::<D>))
        .route("/v1/vault/retirements", post(vault::retire::<D>))
        .fallback(async || Problem::route_unknown())
        .method_not_allowed_fallback(async || {
            Problem::from(super::guard::Refusal::MethodNotAllowed)
        })
        .with_state(run)
}
