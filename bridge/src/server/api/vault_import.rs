//! `POST /v1/vault/imports`: imports a file that this run wrapped, telling each stage as it begins.
//!
//! The answer is a stream of lines, each a [`VaultImportEvent`]; its last line is `done` or `failed`. The order
//! names no vault: the file's own kid does, and only that vault can open it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::Response;
use base64ct::{Base64, Encoding};
use keyferry_core::{
    Admission, Blob, ErrorBody, ImportStage, ImportWishes, KeyName, VaultImportEvent,
    VaultImportOrder,
};

use super::events::{Events, events};
use super::turn::{Approved, turn_of_stream};
use super::vault::online;
use crate::Error;
use crate::server::app::Run;
use crate::server::body::Order;
use crate::server::desk::{Desk, ImportOrder};
use crate::server::problem::Problem;
use crate::server::seat::Asker;

pub(super) async fn import<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    Order(order): Order<VaultImportOrder>,
) -> Result<Response, Problem> {
    online(&run)?;
    let order = check(order, run.desk.admission())?;
    let (events, answer) = events();
    tokio::spawn(perform(run, asker, order, events));
    Ok(answer)
}

/// The file is read again here: what is asked of the person comes from its bytes.
fn check(order: VaultImportOrder, admission: &Admission) -> Result<ImportOrder, Problem> {
    let file = Base64::decode_vec(&order.file).map_err(|_| Problem::body_not_understood())?;
    let blob = Blob::parse(&file, admission).map_err(Error::from)?;
    Ok(ImportOrder {
        name: KeyName::parse(&order.name).map_err(Error::from)?,
        file,
        blob,
        wishes: ImportWishes {
            operations: Some(
                order
                    .operations
                    .iter()
                    .map(|operation| operation.name().to_owned())
                    .collect(),
            ),
            tags: order.tags,
            not_before: order.not_before,
            expires: order.expires,
            disabled: !order.enabled,
            exportable: order.release_policy.is_some(),
            release_policy: order.release_policy.map(String::into_bytes),
        },
    })
}

/// Waits for its turn, imports, and reports. A client that leaves while waiting takes its order with it; once
/// begun, the import goes its whole way, and the record tells what became of it.
async fn perform<D: Desk>(run: Arc<Run<D>>, asker: Asker, order: ImportOrder, events: Events) {
    let turn = match turn_of_stream(&run, || asker, events.closed()).await {
        None => return,
        Some(Ok(turn)) => turn,
        Some(Err(problem)) => {
            let error = problem.body().clone();
            let stage = ImportStage::Checking;
            events.tell(&VaultImportEvent::Failed { error, stage });
            return;
        }
    };
    let teller = events.clone();
    let reached = Arc::new(Mutex::new(ImportStage::Checking));
    let at = Arc::clone(&reached);
    let work = tokio::spawn(async move {
        let _turn = turn;
        let approved = Approved::default();
        let running = Arc::clone(&run);
        let observe = move |event: VaultImportEvent| {
            if let VaultImportEvent::Stage { stage } = event {
                if stage == ImportStage::Importing {
                    approved.begin(&running);
                }
                *at.lock().unwrap_or_else(PoisonError::into_inner) = stage;
            }
            teller.tell(&event);
        };
        run.desk.import(order, observe).await
    });
    let failed = |error: ErrorBody| VaultImportEvent::Failed {
        error,
        stage: *reached.lock().unwrap_or_else(PoisonError::into_inner),
    };
    let last = match work.await {
        Ok(Ok(answer)) => VaultImportEvent::Done {
            answer: Box::new(answer),
        },
        Ok(Err(error)) => failed(Problem::from(error).body().clone()),
        Err(_) => failed(Problem::internal().body().clone()),
    };
    events.tell(&last);
}
