//! Keeps a worker running: ends one that is lost, starts the next, and has it where its predecessor was.
//!
//! One task owns the worker, so a caller who goes away in the middle of a call leaves no answer behind for the
//! next one to mistake for its own. What was lost with a worker is built up again by the next request that
//! needs it: the token is opened, and has to be the same one; the user is logged in with the PIN that is kept.
//! A request that only reads is then done again, once. Any other is told as lost: nobody knows how far it came.
//!
//! While a group of wraps is under way, the next group is sent already, so that the worker need not wait for it. It is
//! begun after the one before has ended: what is lost with that one had not begun, and goes the ordinary way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::client::WorkerOptions;
use super::error::{HsmError, Loss};
use super::link::{Asked, FAREWELL, Link};
use super::losses::{Kind, Losses};
use super::port::{
    DisposableObjects, FinalTry, LoginProof, LoginRequest, LoginStyle, OpenRequest, OpenedToken,
    Part, Request, Response, Wrapped,
};
use super::rehearsal_key::Made;
use crate::pin::Pin;

/// Most keys of a listing: more than any HSM holds, and a bound for what a worker can make the bridge keep.
const MOST_KEYS: usize = 1_000_000;

/// Is told when the user was logged in again without being asked.
pub trait Witness: Send + Sync {
    /// How it ended.
    fn logged_in_again<'a>(&'a self, outcome: Result<(), &'a HsmError>) -> BoxFuture<'a, ()>;
}

/// One request on its way.
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) pin: Option<Pin>,
    pub(super) reply: oneshot::Sender<Result<Response, HsmError>>,
    /// Where answers of a group of wraps go as they come.
    pub(super) wrapped: Option<mpsc::UnboundedSender<Vec<Result<Wrapped, HsmError>>>>,
}

/// The job after the one that is under way.
struct Next {
    job: Job,
    /// There when it was sent already.
    asked: Option<Asked>,
}

/// What handle and supervisor both look at.
#[derive(Default)]
pub(super) struct Shared {
    /// Whether somebody is logged in, or would be again by the next request.
    pub(super) unlocked: AtomicBool,
    pub(super) witness: std::sync::Mutex<Option<Arc<dyn Witness>>>,
}

/// The one owner of an HSM's worker.
pub(super) struct Supervisor {
    options: WorkerOptions,
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    next: Option<Next>,
    worker: Option<Worker>,
    losses: Losses,
    /// What was opened, and the token that it was.
    opened: Option<(OpenRequest, OpenedToken)>,
    login: Login,
    /// What the self-test may use, once it ran; allowed once is allowed for good.
    tested: Option<DisposableObjects>,
    rehearsal: Made,
    /// Where answers of the group of wraps that is under way go.
    wrapped: Option<mpsc::UnboundedSender<Vec<Result<Wrapped, HsmError>>>>,
    /// What is under way, when it was sent while the one before it was.
    asked: Option<Asked>,
}

/// A running worker, and how far it has come.
struct Worker {
    link: Link,
    opened: bool,
    tested: bool,
    /// It has answered what it was asked for, and not only been made ready.
    of_use: bool,
    health: Health,
}

/// What a worker's errors tell of it.
#[derive(Default)]
struct Health {
    logged_in: bool,
    /// Its token or module works no longer in that process.
    worn_out: bool,
}

/// Who is logged in, as far as the bridge knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Login {
    /// Nobody.
    None,
    /// Somebody, by a PIN, which may be kept.
    ByPin,
    /// Somebody, by the token's own way, which asks nobody.
    OwnWay,
    /// Somebody, at the device's PIN pad: nobody but that person can do it again.
    AtPad,
}

/// Why a request has no answer yet.
enum Trouble {
    Lost(Loss),
    Failed(HsmError),
}

impl Supervisor {
    /// Starts the first worker.
    pub(super) fn start(
        options: WorkerOptions,
        shared: Arc<Shared>,
        jobs: mpsc::Receiver<Job>,
    ) -> Result<Self, HsmError> {
        let worker = Worker::start(&options)?;
        Ok(Self {
            options,
            shared,
            jobs,
            next: None,
            worker: Some(worker),
            losses: Losses::default(),
            opened: None,
            login: Login::None,
            tested: None,
            rehearsal: Made::default(),
            wrapped: None,
            asked: None,
        })
    }

    /// Answers jobs until the last [`super::Hsm`] is dropped.
    pub(super) async fn serve(mut self) {
        while let Some(Next { job, asked }) = self.next_job().await {
            let Job {
                request,
                pin,
                reply,
                wrapped,
            } = job;
            self.wrapped = wrapped;
            self.asked = asked;
            let outcome = self.answer(request, pin).await;
            self.wrapped = None;
            // The caller may have gone away; the work was done all the same.
            let _gone = reply.send(outcome);
        }
        if let Some(worker) = self.worker.take() {
            worker.link.farewell().await;
        }
    }

    async fn next_job(&mut self) -> Option<Next> {
        match self.next.take() {
            Some(next) => Some(next),
            None => {
                let job = self.jobs.recv().await?;
                Some(Next { job, asked: None })
            }
        }
    }

    /// Sends the job after the one that is under way, where nothing has to be done before it.
    fn send_ahead(&mut self, job: Job) {
        let asked = match (&job.request, &self.worker) {
            (Request::WrapMany(_), Some(worker)) if self.is_ready(worker) => {
                worker.link.send(job.request.clone(), None).ok()
            }
            _ => None,
        };
        self.next = Some(Next { job, asked });
    }

    /// Whether [`Self::make_ready`] would leave this worker as it is.
    fn is_ready(&self, worker: &Worker) -> bool {
        let health = &worker.health;
        worker.opened
            && worker.tested
            && !health.worn_out
            && (health.logged_in || self.login == Login::None)
    }

    async fn answer(&mut self, request: Request, pin: Option<Pin>) -> Result<Response, HsmError> {
        match request {
            Request::Login(login) => self.log_in(login, pin).await,
            Request::Logout => {
                self.log_out().await;
                Ok(Response::LoggedOut)
            }
            Request::SelfTest(objects) => {
                let objects = self.tested.map_or(objects, |before| objects.max(before));
                self.ask(Request::SelfTest(objects)).await
            }
            other => self.ask(other).await,
        }
    }

    /// Asks, and where that does no harm asks once more.
    async fn ask(&mut self, request: Request) -> Result<Response, HsmError> {
        let call = request.name();
        let first = match self.attempt(&request).await {
            Ok(response) => return Ok(response),
            Err(trouble) => trouble,
        };
        let again = match &first {
            Trouble::Lost(_) => true,
            // The token has forgotten the login. A wrap says so only where nothing was wrapped.
            Trouble::Failed(HsmError::NotLoggedIn) => {
                self.login != Login::None
                    && (request.is_read() || matches!(request, Request::Wrap(_)))
            }
            Trouble::Failed(_) => request.is_read() && self.is_worn_out(),
        };
        let last = if again {
            tracing::warn!(call, "a request to the HSM is done again");
            match self.attempt(&request).await {
                Ok(response) => return Ok(response),
                Err(trouble) => trouble,
            }
        } else {
            first
        };
        Err(match last {
            Trouble::Lost(loss) => loss.of(call),
            Trouble::Failed(error) => error,
        })
    }

    /// One attempt on a worker that is made ready for it. [`Trouble::Lost`] only where asking again does no
    /// harm: where the request had not been sent, or only reads.
    async fn attempt(&mut self, request: &Request) -> Result<Response, Trouble> {
        let outcome = match self.asked.take() {
            Some(asked) => self.hear(request, asked).await,
            None => {
                self.make_ready(request).await?;
                self.exchange(request, None).await
            }
        };
        match outcome {
            Ok(response) => {
                if let Some(worker) = &mut self.worker {
                    worker.of_use |= request.needs_login();
                }
                self.heed(request, &response)?;
                Ok(self.rehearsal.complete(request, response))
            }
            Err(Trouble::Lost(loss)) if !request.is_read() => {
                Err(Trouble::Failed(HsmError::OperationLost {
                    call: request.name().into(),
                    loss,
                }))
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// A worker with what the request needs: its token, and the user logged in if somebody was.
    async fn make_ready(&mut self, request: &Request) -> Result<(), Trouble> {
        self.stand_up().await?;
        if matches!(request, Request::Open(_) | Request::Survey(_)) {
            return Ok(());
        }
        self.open_again().await?;
        if request.needs_login() {
            self.log_in_again().await?;
        }
        if matches!(request, Request::Wrap(_) | Request::WrapMany(_)) {
            self.test().await?;
        }
        Ok(())
    }

    /// A token's wraps are used only after this worker's self-test, which has a deadline of its own.
    async fn test(&mut self) -> Result<(), Trouble> {
        if self.worker.as_ref().is_some_and(|worker| worker.tested) {
            return Ok(());
        }
        let objects = self.tested.unwrap_or(DisposableObjects::Session);
        self.exchange(&Request::SelfTest(objects), None).await?;
        self.tested = Some(objects);
        if let Some(worker) = &mut self.worker {
            worker.tested = true;
        }
        Ok(())
    }

    /// A worker that runs. One that has ended in the meantime had nothing in hand.
    async fn stand_up(&mut self) -> Result<(), Trouble> {
        if self.is_worn_out()
            && let Some(worker) = self.worker.take()
        {
            worker.link.farewell().await;
            self.mourn(Kind::AfterUse);
        }
        if let Some(worker) = &mut self.worker
            && worker.link.has_ended()
        {
            let kind = worker.loss();
            self.worker = None;
            self.mourn(kind);
        }
        if self.worker.is_some() {
            return Ok(());
        }
        let pause = self.losses.pause(Instant::now()).map_err(Trouble::Failed)?;
        tokio::time::sleep(pause).await;
        self.worker = Some(Worker::start(&self.options).map_err(Trouble::Failed)?);
        Ok(())
    }

    /// Opens the token that the worker before had open. It has to be the same one.
    async fn open_again(&mut self) -> Result<(), Trouble> {
        let Some((request, before)) = &self.opened else {
            return Ok(());
        };
        if self.worker.as_ref().is_some_and(|worker| worker.opened) {
            return Ok(());
        }
        let serial = before.info.serial.clone();
        let request = Request::Open(request.clone());
        let outcome = self.exchange(&request, None).await;
        let same = match &outcome {
            Ok(Response::Opened(token)) => token.info.serial == serial,
            _ => true,
        };
        match outcome {
            Ok(_) if same => {
                if let Some(worker) = &mut self.worker {
                    worker.opened = true;
                }
                Ok(())
            }
            // Nothing of use came of this worker, and the next request looks anew. It is no loss.
            Ok(_) => {
                self.worker = None;
                Err(Trouble::Failed(HsmError::TokenReplaced))
            }
            Err(Trouble::Failed(error)) => {
                self.worker = None;
                Err(Trouble::Failed(error))
            }
            Err(lost) => Err(lost),
        }
    }

    /// Logs in if somebody was logged in. Where only a person can, nobody is any more.
    async fn log_in_again(&mut self) -> Result<(), Trouble> {
        if self.login == Login::None
            || self
                .worker
                .as_ref()
                .is_some_and(|worker| worker.health.logged_in)
        {
            return Ok(());
        }
        let pin = match self.login {
            Login::ByPin => self.options.keeper.pin(),
            Login::None | Login::OwnWay | Login::AtPad => None,
        };
        if pin.is_none() && self.login != Login::OwnWay {
            self.set_login(Login::None);
            return Err(Trouble::Failed(HsmError::NotLoggedIn));
        }
        let request = Request::Login(LoginRequest {
            pin_follows: pin.is_some(),
            final_try: FinalTry::Refuse,
        });
        let outcome = self.exchange(&request, pin).await;
        let told = match &outcome {
            Ok(_) => Ok(()),
            Err(Trouble::Failed(error)) => Err(error.clone()),
            Err(Trouble::Lost(loss)) => Err(loss.clone().of("login")),
        };
        let witness = self
            .shared
            .witness
            .lock()
            .ok()
            .and_then(|place| place.clone());
        if let Some(witness) = witness {
            witness.logged_in_again(told.as_ref().copied()).await;
        }
        match outcome {
            Ok(_) => {
                if let Some(worker) = &mut self.worker {
                    worker.health.logged_in = true;
                }
                Ok(())
            }
            Err(trouble) => {
                // Right before, and refused now: it is not tried a third time.
                if matches!(&trouble, Trouble::Failed(_)) {
                    self.options.keeper.wipe();
                    self.set_login(Login::None);
                }
                Err(trouble)
            }
        }
    }

    /// A login that somebody asked for. What the token took is kept, if anything ever is.
    async fn log_in(
        &mut self,
        login: LoginRequest,
        pin: Option<Pin>,
    ) -> Result<Response, HsmError> {
        let request = Request::Login(login);
        let mut ready = self.make_ready(&request).await;
        if let Err(Trouble::Lost(_)) = ready {
            // The PIN has not been sent.
            ready = self.make_ready(&request).await;
        }
        ready.map_err(|trouble| trouble.into_error("open"))?;
        let copy = pin.as_ref().and_then(|pin| self.options.keeper.copy(pin));
        let by_pin = pin.is_some();
        let outcome = self.exchange(&request, pin).await;
        let response = outcome.map_err(|trouble| match trouble {
            Trouble::Lost(loss) => HsmError::OperationLost {
                call: "login".into(),
                loss,
            },
            Trouble::Failed(error) => error,
        })?;
        let proof = match &response {
            Response::LoggedIn(proof) => *proof,
            _ => LoginProof::AlreadyLoggedIn,
        };
        // A PIN that the token did not look at may be a wrong one.
        if let (Some(copy), LoginProof::Taken) = (copy, proof) {
            self.options.keeper.keep(copy);
        }
        let at_pad = self
            .opened
            .as_ref()
            .is_some_and(|(_, token)| token.login == LoginStyle::PinPad);
        self.set_login(match (proof, by_pin, at_pad) {
            (LoginProof::NotNeeded, ..) | (_, false, false) => Login::OwnWay,
            (_, true, _) => Login::ByPin,
            (_, false, true) => Login::AtPad,
        });
        if let Some(worker) = &mut self.worker {
            worker.health.logged_in = true;
        }
        Ok(response)
    }

    /// Nobody is logged in afterwards, whatever the module says to it: a login lasts as long as its process.
    async fn log_out(&mut self) {
        self.set_login(Login::None);
        let Some(worker) = &mut self.worker else {
            return;
        };
        if !worker.health.logged_in {
            return;
        }
        worker.health.logged_in = false;
        let outcome = self.exchange(&Request::Logout, None).await;
        if let Err(Trouble::Failed(error)) = outcome {
            tracing::warn!(%error, "the module does not log out, so its worker is ended");
            self.worker = None;
            self.mourn(Kind::AfterUse);
        }
    }

    /// Sends a request to the worker that runs, and hears its answer.
    async fn exchange(&mut self, request: &Request, pin: Option<Pin>) -> Result<Response, Trouble> {
        let Some(worker) = &self.worker else {
            return Err(Trouble::Lost(Loss::Stopped));
        };
        match worker.link.send(request.clone(), pin) {
            Ok(asked) => self.hear(request, asked).await,
            Err(loss) => Err(self.lose(loss)),
        }
    }

    /// Hears the answer, to which each part gives the deadline anew. Beside a group of wraps, the next job is looked for.
    /// A worker that exceeds the deadline is killed, and what it had said before is heard to its end.
    async fn hear(&mut self, request: &Request, mut asked: Asked) -> Result<Response, Trouble> {
        let mut deadline = self.options.deadlines.of(request);
        let mut exceeded = None;
        let mut looks_ahead = matches!(request, Request::WrapMany(_)) && self.next.is_none();
        let mut keys = Vec::new();
        loop {
            let heard = tokio::select! {
                biased;
                job = self.jobs.recv(), if looks_ahead => {
                    looks_ahead = false;
                    if let Some(job) = job {
                        self.send_ahead(job);
                    }
                    continue;
                }
                heard = asked.hear(deadline) => heard,
            };
            match heard {
                Ok(Ok(Response::Part(Part::Wrapped(answers)))) => {
                    self.heed_wraps(&answers);
                    if let Some(wrapped) = &self.wrapped {
                        let _gone = wrapped.send(answers);
                    }
                }
                Ok(Ok(Response::Part(Part::Keys(some))))
                    if keys.len() + some.len() <= MOST_KEYS =>
                {
                    keys.extend(some);
                }
                Ok(Ok(Response::Part(Part::Keys(_)))) => {
                    let why = format!("it lists more than {MOST_KEYS} keys");
                    return Err(self.lose(Loss::Protocol { why }));
                }
                Ok(Ok(Response::Keys(rest))) => {
                    keys.extend(rest);
                    return Ok(Response::Keys(keys));
                }
                Ok(Ok(response)) => {
                    if let Response::WrappedMany(answers) = &response {
                        self.heed_wraps(answers);
                    }
                    return Ok(response);
                }
                Ok(Err(error)) => {
                    if let Some(worker) = &mut self.worker {
                        worker.health.heed(&error);
                    }
                    return Err(Trouble::Failed(error));
                }
                Err(loss @ Loss::Deadline { .. }) if exceeded.is_none() => {
                    exceeded = Some(loss);
                    deadline = FAREWELL;
                    // A worker that is killed is sent nothing more.
                    looks_ahead = false;
                    if let Some(worker) = &mut self.worker {
                        worker.link.kill();
                    }
                }
                Err(loss) => {
                    let trouble = self.lose(loss);
                    return Err(exceeded.map_or(trouble, Trouble::Lost));
                }
            }
        }
    }

    /// Ends the worker that was lost in the middle of a request.
    fn lose(&mut self, loss: Loss) -> Trouble {
        if let Loss::Protocol { why } = &loss {
            tracing::warn!(%why, "the HSM worker broke its protocol");
        }
        // All that a worker said before it stopped was heard, and the end of this request was not among it. Of one
        // whose words cannot be read, or whose pipe does not end with it, nobody knows.
        if loss == Loss::Stopped
            && let Some(next) = &mut self.next
        {
            next.asked = None;
        }
        // Dropping the link ends the process.
        if let Some(worker) = self.worker.take() {
            self.mourn(worker.loss());
        }
        Trouble::Lost(loss)
    }

    fn heed_wraps(&mut self, answers: &[Result<Wrapped, HsmError>]) {
        if let Some(worker) = &mut self.worker {
            worker.health.heed_all(answers);
        }
    }

    /// Remembers what a successor would have to be told.
    fn heed(&mut self, request: &Request, response: &Response) -> Result<(), Trouble> {
        match (request, response) {
            (Request::Open(request), Response::Opened(token)) => {
                if let Some((_, before)) = &self.opened
                    && before.info.serial != token.info.serial
                {
                    self.worker = None;
                    return Err(Trouble::Failed(HsmError::TokenReplaced));
                }
                self.opened = Some((request.clone(), token.clone()));
                if let Some(worker) = &mut self.worker {
                    worker.opened = true;
                }
            }
            (Request::SelfTest(objects), Response::SelfTested(_)) => {
                self.tested = Some(*objects);
                if let Some(worker) = &mut self.worker {
                    worker.tested = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn mourn(&mut self, kind: Kind) {
        self.losses.count(Instant::now(), kind);
        self.rehearsal.orphan();
        let again = match self.login {
            Login::None | Login::OwnWay => return,
            Login::ByPin => self.options.keeper.pin().is_some(),
            Login::AtPad => false,
        };
        if !again {
            self.set_login(Login::None);
        }
    }

    fn is_worn_out(&self) -> bool {
        self.worker
            .as_ref()
            .is_some_and(|worker| worker.health.worn_out)
    }

    fn set_login(&mut self, login: Login) {
        self.login = login;
        self.shared
            .unlocked
            .store(login != Login::None, Ordering::SeqCst);
    }
}

impl Worker {
    fn start(options: &WorkerOptions) -> Result<Self, HsmError> {
        Ok(Self {
            link: Link::spawn(options)?,
            opened: false,
            tested: false,
            of_use: false,
            health: Health::default(),
        })
    }

    /// What its loss counts for.
    fn loss(&self) -> Kind {
        if self.of_use {
            Kind::AfterUse
        } else {
            Kind::Lost
        }
    }
}

impl Health {
    fn heed(&mut self, error: &HsmError) {
        // The token forgot the login, if there was one.
        self.logged_in &= !matches!(error, HsmError::NotLoggedIn);
        self.worn_out |= error.wears_out();
    }

    fn heed_all(&mut self, answers: &[Result<Wrapped, HsmError>]) {
        let errors = answers.iter().filter_map(|answer| answer.as_ref().err());
        errors.for_each(|error| self.heed(error));
    }
}

impl Trouble {
    fn into_error(self, call: &str) -> HsmError {
        match self {
            Self::Lost(loss) => loss.of(call),
            Self::Failed(error) => error,
        }
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
