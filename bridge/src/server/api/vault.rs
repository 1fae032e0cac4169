//! The routes that read a vault, make a KEK in it and retire one.
//!
//! Each is an order (`POST`), reading too: it makes the bridge connect outwards, and only this origin may ask
//! for that. The page names a vault; host, tenant and credential are decided on this side.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use keyferry_core::{
    KekBits, KeyName, Kid, RetirementAnswer, RetirementOrder, VaultAccess, VaultAddress, VaultKek,
    VaultKekOrder, VaultKekQuery, VaultKeysAnswer, VaultQuery,
};

use super::turn::{Approved, in_turn};
use crate::Error;
use crate::server::app::Run;
use crate::server::body::Order;
use crate::server::desk::{Desk, NewKek};
use crate::server::problem::Problem;
use crate::server::seat::Asker;

pub(super) async fn keys<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    Order(query): Order<VaultQuery>,
) -> Result<Json<VaultKeysAnswer>, Problem> {
    online(&run)?;
    let vault = VaultAddress::parse(&query.vault, run.desk.admission()).map_err(Error::from)?;
    in_turn(&run, &asker, |run| async move {
        run.desk.vault_keys(vault).await
    })
    .await
    .map(Json)
}

pub(super) async fn kek<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    Order(query): Order<VaultKekQuery>,
) -> Result<Json<VaultKek>, Problem> {
    online(&run)?;
    let kid = Kid::parse(&query.kid, run.desk.admission()).map_err(Error::from)?;
    in_turn(
        &run,
        &asker,
        |run| async move { run.desk.vault_kek(kid).await },
    )
    .await
    .map(Json)
}

pub(super) async fn create_kek<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    Order(order): Order<VaultKekOrder>,
) -> Result<Json<VaultKek>, Problem> {
    online(&run)?;
    let kek = NewKek {
        vault: VaultAddress::parse(&order.vault, run.desk.admission()).map_err(Error::from)?,
        name: KeyName::parse(&order.name).map_err(Error::from)?,
        bits: KekBits::from_bits(order.bits).ok_or_else(Problem::body_not_understood)?,
        expires: order.expires,
    };
    in_turn(&run, &asker, |run| async move {
        let (approved, begun) = Approved::shared(&run);
        let made = run.desk.create_kek(kek, begun).await;
        drop(approved);
        made
    })
    .await
    .map(Json)
}

pub(super) async fn retire<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    Order(order): Order<RetirementOrder>,
) -> Result<Json<RetirementAnswer>, Problem> {
    online(&run)?;
    let kid = Kid::parse(&order.kid, run.desk.admission()).map_err(Error::from)?;
    let how = order.how;
    in_turn(&run, &asker, |run| async move {
        let (approved, begun) = Approved::shared(&run);
        let retired = run.desk.retire_kek(kid, how, begun).await;
        drop(approved);
        retired
    })
    .await
    .map(Json)
}

/// Nothing is connected to where that was ruled out.
pub(super) fn online<D: Desk>(run: &Run<D>) -> Result<(), Problem> {
    match run.desk.vault_access() {
        VaultAccess::Online => Ok(()),
        VaultAccess::Offline => Err(Problem::vault_offline()),
        VaultAccess::NotBuilt => Err(Problem::vault_not_built()),
    }
}
