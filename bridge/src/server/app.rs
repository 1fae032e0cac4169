//! What a request passes on its way to a route, and what its answer passes on the way out.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Request};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Mutex, RwLock, Semaphore};
use tower::ServiceExt;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;

use super::authority::Authority;
use super::desk::Desk;
use super::guard::{self, Admitted, Refusal, RequestFacts, admit};
use super::launch::LaunchCodes;
use super::limits::Limits;
use super::problem::Problem;
use super::seat::{Asker, Seat, Tab};
use super::secret::RunSecret;
use super::under_way::UnderWay;
use super::{api, assets, body, connection, headers};
use crate::Error;
use crate::usage::Usage;

/// How many approved wraps are on their way.
const APPROVED_WRAPS: usize = 2;

/// One run of the server, shared by all its requests.
pub(super) struct Run<D> {
    pub(super) desk: D,
    pub(super) authority: Authority,
    pub(super) secret: RunSecret,
    pub(super) launch: LaunchCodes,
    pub(super) limits: Limits,
    /// When a request was last answered.
    pub(super) usage: Usage,
    /// Which tab is answered.
    pub(super) seat: Seat,
    /// Held by whoever uses the token, a vault or the prompt: one owner at a time, the rest queue. A wrap holds it
    /// until it is approved.
    pub(super) turn: Arc<Mutex<()>>,
    /// Places for approved wraps: while the token has one, the intent of the next one goes to the disk.
    pub(super) approved_wraps: Arc<Semaphore>,
    /// The plan that is being run.
    pub(super) under_way: UnderWay,
    /// Shared by whatever a person has approved, until its end; the server does not stop within.
    pub(super) approved: Arc<RwLock<()>>,
}

impl<D: Desk> Run<D> {
    /// A run with a secret of its own.
    pub(super) fn new(desk: D, authority: Authority, limits: Limits) -> Result<Self, Error> {
        Ok(Self {
            desk,
            authority,
            secret: RunSecret::random()?,
            launch: LaunchCodes::default(),
            limits,
            usage: Usage::default(),
            seat: Seat::default(),
            turn: Arc::default(),
            approved_wraps: Arc::new(Semaphore::new(APPROVED_WRAPS)),
            under_way: UnderWay::default(),
            approved: Arc::default(),
        })
    }
}

/// The run and its routes.
pub(super) struct App<D> {
    run: Arc<Run<D>>,
    routes: Router,
}

impl<D> Clone for App<D> {
    fn clone(&self) -> Self {
        Self {
            run: Arc::clone(&self.run),
            routes: self.routes.clone(),
        }
    }
}

impl<D: Desk> App<D> {
    pub(super) fn new(run: Arc<Run<D>>) -> Self {
        let routes = api::routes(Arc::clone(&run));
        Self::with_routes(run, routes)
    }

    /// With these routes behind the guard and the limits.
    pub(super) fn with_routes(run: Arc<Run<D>>, routes: Router) -> Self {
        let routes = routes
            .layer(CatchPanicLayer::custom(|_| {
                Problem::internal().into_response()
            }))
            .layer(GlobalConcurrencyLimitLayer::new(run.limits.requests));
        Self { run, routes }
    }
}

impl<D: Desk> connection::Answer for App<D> {
    async fn answer(&self, peer: SocketAddr, request: Request<Body>) -> Response {
        let mut response = self.route(peer, request).await;
        headers::harden(response.headers_mut());
        response
    }
}

impl<D: Desk> App<D> {
    async fn route(&self, peer: SocketAddr, request: Request<Body>) -> Response {
        let (mut head, body) = request.into_parts();
        let facts = RequestFacts::read(&head, peer.ip(), &self.run.authority, &self.run.secret);
        match admit(&facts) {
            Err(refusal) => {
                // Codes only: what the request said may hold a secret that was put in the wrong place.
                tracing::info!(code = refusal.code(), "refused a request");
                let mut response = Problem::from(refusal).into_response();
                if refusal == Refusal::MethodNotAllowed {
                    let allowed = HeaderValue::from_static(guard::methods(&head.uri));
                    response.headers_mut().insert(ALLOW, allowed);
                }
                response
            }
            Ok(Admitted::Page) => assets::answer(&head.method, head.uri.path(), &head.headers),
            // Of the routes, only that of the seat itself is open to a tab without it: reading, too, may ask for a PIN.
            Ok(Admitted::Api)
                if head.uri.path() != api::SEAT
                    && !self.run.seat.admits(&Asker(Tab::of(&head.headers))) =>
            {
                Problem::other_tab().into_response()
            }
            Ok(Admitted::Launch | Admitted::Api) => {
                let _in_use = self.run.usage.begin();
                head.extensions.insert(self.run.limits);
                let request = Request::from_parts(head, body);
                let request = match body::arrived(request, self.run.limits).await {
                    Ok(request) => request,
                    Err(problem) => return problem.into_response(),
                };
                match self.routes.clone().oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            }
        }
    }
}
