//! `POST /v1/wraps`: wraps a key, telling each stage as it begins.
//!
//! The answer is a stream of lines, each a [`WrapEvent`] in JSON (`application/x-ndjson`); its last line
//! is `done` or `failed`. What can be refused by looking at the order alone is refused with a status.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64ct::{Base64, Encoding};
use keyferry_core::{
    Admission, Kek, KekSource, KeySelector, Stage, Thumbprint, WrapAnswer, WrapEvent, WrapOrder,
    WrapRecord,
};
use tokio::sync::OwnedMutexGuard;

use super::events::{Events, events};
use super::turn::{Approved, turn_of_stream};
use crate::Error;
use crate::clock;
use crate::server::app::Run;
use crate::server::body::Order;
use crate::server::desk::Desk;
use crate::server::problem::Problem;
use crate::server::seat::Asker;
use crate::transfer::Transfer;

pub(super) async fn wrap<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    Order(order): Order<WrapOrder>,
) -> Result<Response, Problem> {
    let order = CheckedOrder::check(order, run.desk.admission())?;
    let (events, answer) = events();
    tokio::spawn(perform(run, asker, order, events));
    Ok(answer)
}

/// A KEK that the page gave, examined on this side.
pub(super) struct Given {
    pub(super) kek: Kek,
    pub(super) document: Vec<u8>,
}

/// Examines the KEK of an order, base64, and holds it against the thumbprint that the page showed.
pub(super) fn given(
    kek: &str,
    kid: Option<&str>,
    thumbprint: &str,
    admission: &Admission,
) -> Result<Given, Problem> {
    let document = Base64::decode_vec(kek).map_err(|_| Problem::body_not_understood())?;
    let source = KekSource {
        document: &document,
        beside: None,
        kid,
        now: clock::now(),
        admission,
    };
    let kek = Kek::admit(&source).map_err(Error::from)?;
    let shown: Thumbprint = thumbprint.parse().map_err(Error::from)?;
    if shown != *kek.thumbprint() {
        return Err(Problem::kek_changed());
    }
    Ok(Given { kek, document })
}

/// The attestation of an order, base64, when it has one.
pub(super) fn attestation(text: Option<&str>) -> Result<Option<Vec<u8>>, Problem> {
    text.map(Base64::decode_vec)
        .transpose()
        .map_err(|_| Problem::body_not_understood())
}

/// An order whose KEK this side has examined too. The page's word is not taken for it.
struct CheckedOrder {
    request_id: String,
    kek: Kek,
    key: KeySelector,
    attestation: Option<Vec<u8>>,
}

impl CheckedOrder {
    fn check(order: WrapOrder, admission: &Admission) -> Result<Self, Problem> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if order.request_id.len() != 32 || !order.request_id.bytes().all(hex) {
            return Err(Problem::body_not_understood());
        }
        if order.key.label.is_none() && order.key.id.is_none() {
            return Err(Problem::body_not_understood());
        }
        let Given { kek, .. } = given(
            &order.kek,
            order.kid.as_deref(),
            &order.kek_thumbprint_sha256,
            admission,
        )?;
        let attestation = attestation(order.attestation.as_deref())?;
        Ok(Self {
            request_id: order.request_id,
            kek,
            key: order.key,
            attestation,
        })
    }
}

/// Waits for its turn, wraps, and reports. A client that leaves while waiting takes its order with it;
/// once begun, the wrap goes its whole way, and the record tells what became of it.
async fn perform<D: Desk>(run: Arc<Run<D>>, asker: Asker, order: CheckedOrder, events: Events) {
    let turn = match turn_of_stream(&run, || asker, events.closed()).await {
        None => return,
        Some(Ok(turn)) => turn,
        Some(Err(problem)) => {
            let error = problem.body().clone();
            events.tell(&WrapEvent::Failed { error });
            return;
        }
    };
    let teller = events.clone();
    let work = tokio::spawn(async move { wrap_and_tell(&run, order, turn, &teller).await });
    let last = match work.await {
        Ok(event) => event,
        Err(_) => WrapEvent::Failed {
            error: Problem::internal().body().clone(),
        },
    };
    events.tell(&last);
}

/// Holds the turn until the wrap is approved and has a place. What goes to the disk, the intent and the outcome, is not
/// waited for by the next order, whose wrap and outcome come after this one's.
async fn wrap_and_tell<D: Desk>(
    run: &Run<D>,
    order: CheckedOrder,
    turn: OwnedMutexGuard<()>,
    events: &Events,
) -> WrapEvent {
    let CheckedOrder {
        request_id,
        kek,
        key,
        attestation,
    } = order;
    let thumbprint = kek.thumbprint().to_string();
    let approved = Approved::default();
    let observe = |stage: Stage| {
        if stage == Stage::Recording {
            approved.begin(run);
        }
        events.tell(&WrapEvent::Stage { stage });
    };
    let place = Arc::clone(&run.approved_wraps).acquire_owned();
    let hand_over = async move {
        let place = place.await;
        drop(turn);
        place
    };
    match run
        .desk
        .wrap(kek, key, attestation, observe, hand_over)
        .await
    {
        Ok(transfer) => WrapEvent::Done {
            answer: Box::new(answer(request_id, thumbprint, transfer)),
        },
        Err(error) => WrapEvent::Failed {
            error: Problem::from(error).body().clone(),
        },
    }
}

fn answer(request_id: String, kek_thumbprint_sha256: String, transfer: Transfer) -> WrapAnswer {
    WrapAnswer {
        request_id,
        kek_thumbprint_sha256,
        kid: transfer.blob.kid().as_str().to_owned(),
        target: transfer.target,
        strategy: transfer.strategy,
        self_test: transfer.self_test,
        attestation: transfer.attestation,
        proven_lengths: transfer.proven_lengths,
        ciphertext: transfer.blob.ciphertext().to_base64url(),
        generator: transfer.generator.as_str().to_owned(),
        software: transfer.token.software,
        spki: transfer.spki.as_deref().map(Base64::encode_string),
        audit: WrapRecord {
            seq: transfer.record.seq,
            hash: transfer.record.hash.to_string(),
        },
        findings: transfer.findings,
    }
}
