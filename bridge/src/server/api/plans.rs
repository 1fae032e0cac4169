//! `/v1/plans`: many keys. `POST` makes a plan and touches nothing; `POST …/HASH/run` runs it after one native yes,
//! goes on with it, or follows it when it runs already; `POST …/HASH/stop` has it stop; `GET …/HASH/report` is its report.
//!
//! The answer of a run is a stream of lines (`application/x-ndjson`), each the plan's [`PlanStatus`]; the last one has
//! a state in which nothing is being done. A client that leaves stops nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use keyferry_core::{
    Admission, PlanAnswer, PlanOrder, PlanRun, PlanState, PlanStatus, PlansAnswer, RecordPage,
};
use tokio::sync::watch;

use super::events::{Events, events};
use super::turn::{Approved, in_turn, to_its_end, turn_of_stream};
use super::unlock::Nothing;
use super::vault::online;
use super::wraps;
use crate::batch::PlanHash;
use crate::batch::run::Stop;
use crate::server::app::Run;
use crate::server::body::{ManyKeys, Order};
use crate::server::desk::{Desk, PlanRequest};
use crate::server::problem::Problem;
use crate::server::seat::Asker;
use crate::server::under_way::{Joined, is_busy};

/// Between two lines about a run: often enough for an eye, and no more than a slow reader takes.
const PACE: Duration = Duration::from_millis(200);

pub(super) async fn make<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    ManyKeys(order): ManyKeys<PlanOrder>,
) -> Result<Json<PlanAnswer>, Problem> {
    let request = check(order, run.desk.admission())?;
    let work = |run: Arc<Run<D>>| async move { run.desk.plan(request).await };
    // It reads the token's keys, which is a login when the token is locked.
    if run.desk.session().await.unlocked {
        to_its_end(work(run)).await.map(Json)
    } else {
        in_turn(&run, &asker, work).await.map(Json)
    }
}

/// Looks at what can be refused by the order alone. The page's word for the KEK is not taken.
fn check(order: PlanOrder, admission: &Admission) -> Result<PlanRequest, Problem> {
    if order.keys.is_empty() {
        return Err(Problem::body_not_understood());
    }
    let given = wraps::given(
        &order.kek,
        order.kid.as_deref(),
        &order.kek_thumbprint_sha256,
        admission,
    )?;
    let attestation = wraps::attestation(order.attestation.as_deref())?;
    Ok(PlanRequest {
        kek: given.kek,
        document: given.document,
        attestation,
        keys: order.keys,
        name: order.name,
        operations: order.operations,
        tags: order.tags,
    })
}

pub(super) async fn list<D: Desk>(
    State(run): State<Arc<Run<D>>>,
) -> Result<Json<PlansAnswer>, Problem> {
    let mut plans = run.desk.plans().await?;
    if let Some(going) = run.under_way.status() {
        plans.retain(|plan| plan.hash != going.hash);
        plans.insert(0, going);
    }
    Ok(Json(PlansAnswer { plans }))
}

pub(super) async fn show<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    Path(hash): Path<String>,
) -> Result<Json<PlanStatus>, Problem> {
    status(&run, named(&hash)?).await.map(Json)
}

pub(super) async fn run<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    asker: Asker,
    Path(hash): Path<String>,
    Order(order): Order<PlanRun>,
) -> Result<Response, Problem> {
    let plan = named(&hash)?;
    if order.import {
        online(&run)?;
    }
    let mut first = status(&run, plan).await?;
    if !is_busy(first.state) {
        first.state = PlanState::Preparing;
        first.import = order.import;
    }
    let statuses = match run.under_way.join(plan, asker, first) {
        Joined::Other => return Err(Problem::plan_under_way()),
        Joined::Following(statuses) => statuses,
        Joined::Begun(teller, stop) => {
            let statuses = teller.subscribe();
            tokio::spawn(perform(run, plan, order, teller, stop));
            statuses
        }
    };
    let (events, answer) = events();
    tokio::spawn(follow(statuses, events));
    Ok(answer)
}

pub(super) async fn report<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    Path(hash): Path<String>,
) -> Result<Json<RecordPage>, Problem> {
    let report = run.desk.plan_report(named(&hash)?).await?;
    report.map(Json).ok_or_else(Problem::plan_unknown)
}

pub(super) async fn stop<D: Desk>(
    State(run): State<Arc<Run<D>>>,
    Path(hash): Path<String>,
    Order(Nothing {}): Order<Nothing>,
) -> Result<Json<PlanStatus>, Problem> {
    let plan = named(&hash)?;
    run.under_way.stop(plan);
    status(&run, plan).await.map(Json)
}

fn named(hash: &str) -> Result<PlanHash, Problem> {
    hash.parse().map_err(|_| Problem::plan_unknown())
}

async fn status<D: Desk>(run: &Run<D>, plan: PlanHash) -> Result<PlanStatus, Problem> {
    if let Some(going) = run.under_way.status()
        && going.hash == plan.to_string()
    {
        return Ok(going);
    }
    let known = run.desk.plan_status(plan).await?;
    known.ok_or_else(Problem::plan_unknown)
}

/// Waits for its turn and runs the plan to its end, which is told whatever it is. When everybody has left before it
/// was its turn, nothing is begun.
async fn perform<D: Desk>(
    run: Arc<Run<D>>,
    plan: PlanHash,
    order: PlanRun,
    teller: watch::Sender<PlanStatus>,
    stop: Stop,
) {
    let left = async {
        tokio::select! {
            () = stop.said() => {}
            () = teller.closed() => {}
        }
    };
    let turn = turn_of_stream(&run, || run.under_way.asker(), left).await;
    let ended = match turn {
        None => None,
        Some(Err(problem)) => Some(Err(problem)),
        Some(Ok(turn)) => {
            let teller = teller.clone();
            let working = Arc::clone(&run);
            let work = async move {
                let _turn = turn;
                let approved = Approved::default();
                let held = Arc::clone(&working);
                let observe = move |status: PlanStatus| {
                    if status.state == PlanState::Running {
                        approved.begin(&held);
                    }
                    teller.send_replace(status);
                };
                working.desk.run_plan(plan, order, stop, observe).await
            };
            Some(to_its_end(work).await)
        }
    };
    let mut last = teller.borrow().clone();
    last.state = PlanState::Ready;
    match ended {
        None => {}
        Some(Ok(status)) => last = status,
        Some(Err(problem)) => last.error = Some(problem.body().clone()),
    }
    // Whoever joins from here on finds it ended, and may run it again.
    run.under_way.end();
    teller.send_replace(last);
}

/// Tells one client how the plan goes, at a pace, and its end in any case.
async fn follow(mut statuses: watch::Receiver<PlanStatus>, events: Events) {
    loop {
        let status = statuses.borrow_and_update().clone();
        events.deliver(&status).await;
        if !is_busy(status.state) {
            return;
        }
        tokio::select! {
            () = events.closed() => return,
            () = tokio::time::sleep(PACE) => {}
        }
        tokio::select! {
            () = events.closed() => return,
            changed = statuses.changed() => if changed.is_err() { return; },
        }
    }
}
