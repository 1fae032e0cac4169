//! `POST /v1/seat`: a tab takes the bridge over from another, or leaves it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::server::app::Run;
use crate::server::body::Order;
use crate::server::desk::Desk;
use crate::server::problem::Problem;
use crate::server::seat::Tab;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeatOrder {
    #[serde(rename = "do")]
    what: What,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    TakeOver,
    Leave,
}

#[derive(Serialize)]
pub(super) struct SeatAnswer {
    /// Whether the asking tab has the bridge now.
    held: bool,
}

pub(super) async fn change<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    headers: HeaderMap,
    Order(order): Order<SeatOrder>,
) -> Result<Json<SeatAnswer>, Problem> {
    let tab = Tab::of(&headers).ok_or_else(Problem::body_not_understood)?;
    let held = match order.what {
        What::TakeOver => {
            run.seat.take_over(tab);
            true
        }
        What::Leave => {
            run.seat.leave(&tab);
            false
        }
    };
    Ok(Json(SeatAnswer { held }))
}
