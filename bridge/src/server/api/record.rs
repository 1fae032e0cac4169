//! `POST /v1/record` shows lines of the record and the verdict on it; `POST /v1/record/page` makes one of them a page
//! to print. An order, though it reads: what is asked for can be a key's label, which belongs in no address.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use keyferry_core::{RecordAnswer, RecordPage, RecordPageQuery, RecordQuery};

use super::turn::to_its_end;
use crate::server::app::Run;
use crate::server::body::Order;
use crate::server::desk::Desk;
use crate::server::problem::Problem;

pub(super) async fn lines<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    Order(query): Order<RecordQuery>,
) -> Result<Json<RecordAnswer>, Problem> {
    // Reading disturbs nobody, and waits for no turn.
    to_its_end(async move { run.desk.record(query).await })
        .await
        .map(Json)
}

pub(super) async fn page<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    Order(query): Order<RecordPageQuery>,
) -> Result<Json<RecordPage>, Problem> {
    to_its_end(async move { run.desk.record_page(query.seq).await })
        .await
        .map(Json)
}
