//! `GET /v1/keys` lists the token's keys; `POST /v1/keys` makes one, after a native yes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use keyferry_core::{KeyInfo, KeygenOrder, KeysAnswer};

use super::turn::{in_turn, to_its_end};
use crate::server::app::Run;
use crate::server::body::Order;
use crate::server::desk::Desk;
use crate::server::problem::Problem;
use crate::server::seat::Asker;

pub(super) async fn list<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
) -> Result<Json<KeysAnswer>, Problem> {
    let keys = |run: Arc<Run<D>>| async move { run.desk.keys().await };
    // Reading disturbs nobody. Only a locked token makes it a login, which asks the person.
    if run.desk.session().await.unlocked {
        to_its_end(keys(run)).await.map(Json)
    } else {
        in_turn(&run, &asker, keys).await.map(Json)
    }
}

pub(super) async fn generate<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    Order(order): Order<KeygenOrder>,
) -> Result<Json<KeyInfo>, Problem> {
    in_turn(
        &run,
        &asker,
        |run| async move { run.desk.generate(order).await },
    )
    .await
    .map(Json)
}
