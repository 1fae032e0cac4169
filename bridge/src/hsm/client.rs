//! The bridge's handle of an HSM: a supervised worker process, asked one thing at a time.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use keyferry_core::{KeyInfo, KeySelector, TargetKind};
use tokio::sync::{mpsc, oneshot};

use super::deadlines::Deadlines;
use super::error::HsmError;
use super::port::{
    Destroyed, DisposableObjects, FinalTry, LoginProof, LoginRequest, Module, OpenRequest,
    OpenedToken, Request, Response, SelfTestReport, WrapMany, WrapRequest, Wrapped,
};
use super::rehearsal_key::RehearsalKey;
use super::supervisor::{Job, Shared, Supervisor, Witness};
use super::survey::Survey;
use crate::pin::{Pin, PinKeeper};
use crate::stopwatch::Stopwatch;
use crate::usage::Usage;

/// Variables that every worker gets, when set. The rest of the environment stays behind: a vendor's
/// module is foreign code and has no business with tokens and proxies of the user's shell.
const ALWAYS_PASSED: [&str; 4] = ["HOME", "PATH", "LANG", "TMPDIR"];

/// How to start a worker.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// The program that has the `hsm-worker` verb.
    pub program: PathBuf,
    /// The worker's whole environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// How long each kind of call may take.
    pub deadlines: Deadlines,
    /// Where the PIN is kept that a worker's successor logs in with.
    pub keeper: PinKeeper,
}

impl WorkerOptions {
    /// A worker of this very program, with the variables that every worker gets and those named
    /// by the user.
    pub fn this_program(extra_variables: &[String]) -> Result<Self, HsmError> {
        let program = std::env::current_exe().map_err(|error| HsmError::WorkerStart {
            why: error.to_string(),
        })?;
        Ok(Self::of(program, extra_variables))
    }

    /// A worker of the given program file.
    pub fn of(program: PathBuf, extra_variables: &[String]) -> Self {
        let names = ALWAYS_PASSED
            .iter()
            .map(OsStr::new)
            .chain(extra_variables.iter().map(OsStr::new));
        let environment = names
            .filter_map(|name| Some((name.to_owned(), std::env::var_os(name)?)))
            .collect();
        Self {
            program,
            environment,
            deadlines: Deadlines::default(),
            keeper: PinKeeper::default(),
        }
    }
}

/// An HSM behind a worker process, and its successors. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct Hsm {
    jobs: mpsc::Sender<Job>,
    shared: Arc<Shared>,
    usage: Usage,
    waited: Stopwatch,
}

impl Hsm {
    /// Starts a worker; no module is loaded yet.
    ///
    /// Must be called within a tokio runtime, which then owns the worker.
    pub async fn start(options: WorkerOptions) -> Result<Self, HsmError> {
        let shared = Arc::<Shared>::default();
        let (jobs, queue) = mpsc::channel(16);
        let supervisor = Supervisor::start(options, Arc::clone(&shared), queue)?;
        tokio::spawn(supervisor.serve());
        Ok(Self {
            jobs,
            shared,
            usage: Usage::default(),
            waited: Stopwatch::default(),
        })
    }

    /// Who is told when the user is logged in again, with the PIN that is kept.
    pub fn witnessed_by(&self, witness: Arc<dyn Witness>) {
        let mut place = self
            .shared
            .witness
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Some(witness);
    }

    /// Whether somebody is logged in, or would be again by the next request.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.shared.unlocked.load(Ordering::SeqCst)
    }

    /// For how long nothing was asked of it; zero while something is under way.
    #[must_use]
    pub fn idle_for(&self) -> Duration {
        self.usage.idle_for()
    }

    /// Loads the module and chooses the token. Once per worker.
    pub async fn open(&self, request: OpenRequest) -> Result<OpenedToken, HsmError> {
        let module = request.module.clone();
        match self
            .ask(Request::Open(request), None)
            .await
            .map_err(|error| crashed(error, module))?
        {
            Response::Opened(token) => Ok(token),
            other => Err(unexpected(&other)),
        }
    }

    /// Loads the module unless it is loaded, and looks around in it; nobody logs in.
    pub async fn survey(&self, request: OpenRequest) -> Result<Survey, HsmError> {
        let module = request.module.clone();
        match self
            .ask(Request::Survey(request), None)
            .await
            .map_err(|error| crashed(error, module))?
        {
            Response::Surveyed(survey) => Ok(survey),
            other => Err(unexpected(&other)),
        }
    }

    /// Has the PIN's holder show that they are here: true only when the token took this PIN, now.
    pub async fn prove(&self, pin: Option<Pin>, final_try: FinalTry) -> Result<bool, HsmError> {
        let request = Request::Login(LoginRequest {
            pin_follows: pin.is_some(),
            final_try,
        });
        match self.ask(request, pin).await? {
            Response::LoggedIn(proof) => Ok(proof == LoginProof::Taken),
            other => Err(unexpected(&other)),
        }
    }

    /// Logs the user in: with `pin`, or without one by the token's own way (its PIN pad, or the
    /// PIN file of the embedded token). A PIN is tried once. Already logged in is a success.
    pub async fn login(&self, pin: Option<Pin>, final_try: FinalTry) -> Result<(), HsmError> {
        let request = Request::Login(LoginRequest {
            pin_follows: pin.is_some(),
            final_try,
        });
        match self.ask(request, pin).await? {
            Response::LoggedIn(_) => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Logs the user out. The worker keeps the token open; one that does not log out is ended.
    pub async fn logout(&self) -> Result<(), HsmError> {
        match self.ask(Request::Logout, None).await? {
            Response::LoggedOut => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// The token's private and secret keys, each with why it cannot travel, if so.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, HsmError> {
        match self.ask(Request::Keys, None).await? {
            Response::Keys(keys) => Ok(keys),
            other => Err(unexpected(&other)),
        }
    }

    /// Those of them that `selector` names, as they were a few seconds ago at most: what one key costs does not grow
    /// with the token.
    pub async fn keys_like(&self, selector: KeySelector) -> Result<Vec<KeyInfo>, HsmError> {
        match self.ask(Request::KeysLike(selector), None).await? {
            Response::Keys(keys) => Ok(keys),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes a key that can travel.
    pub async fn generate(&self, kind: TargetKind, label: &str) -> Result<KeyInfo, HsmError> {
        let request = Request::GenerateKey {
            kind,
            label: label.to_owned(),
        };
        match self.ask(request, None).await? {
            Response::Generated(key) => Ok(key),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes a key for a rehearsal; this worker destroys it when told, or when it ends in order.
    pub async fn make_rehearsal_key(&self, kind: TargetKind) -> Result<RehearsalKey, HsmError> {
        let request = Request::MakeRehearsalKey { kind };
        match self.ask(request, None).await? {
            Response::Generated(key) => Ok(RehearsalKey::of(key)),
            other => Err(unexpected(&other)),
        }
    }

    /// Destroys the keys that this worker made for a rehearsal, and no others.
    pub async fn destroy_rehearsal_keys(&self) -> Result<Destroyed, HsmError> {
        let request = Request::DestroyRehearsalKeys;
        match self.ask(request, None).await? {
            Response::Destroyed(destroyed) => Ok(destroyed),
            other => Err(unexpected(&other)),
        }
    }

    /// Proves the token's wrap strategies with session objects; the second call answers from memory.
    pub async fn self_test(&self) -> Result<SelfTestReport, HsmError> {
        self.self_test_with(DisposableObjects::Session).await
    }

    /// Proves the token's wrap strategies, with token objects where it takes no others, if they are
    /// allowed. What was allowed once stays allowed in the wraps that follow.
    pub async fn self_test_with(
        &self,
        objects: DisposableObjects,
    ) -> Result<SelfTestReport, HsmError> {
        match self.ask(Request::SelfTest(objects), None).await? {
            Response::SelfTested(report) => Ok(report),
            other => Err(unexpected(&other)),
        }
    }

    /// Wraps one key under one KEK, with the best strategy that passed its self-test for the key's
    /// kind, or with the one that the request names. A worker that was not tested yet is tested first.
    pub async fn wrap(&self, request: WrapRequest) -> Result<Wrapped, HsmError> {
        match self.ask(Request::Wrap(request), None).await? {
            Response::Wrapped(wrapped) => Ok(wrapped),
            other => Err(unexpected(&other)),
        }
    }

    /// Wraps several keys under one KEK. `wrapped` gets an answer for each, in their order and some at a time: what
    /// was answered stays answered when the worker is lost.
    pub async fn wrap_many(
        &self,
        many: WrapMany,
        wrapped: mpsc::UnboundedSender<Vec<Result<Wrapped, HsmError>>>,
    ) -> Result<(), HsmError> {
        let request = Request::WrapMany(many);
        match self
            .ask_in_parts(request, None, Some(wrapped.clone()))
            .await?
        {
            Response::WrappedMany(last) => {
                let _gone = wrapped.send(last);
                Ok(())
            }
            other => Err(unexpected(&other)),
        }
    }

    async fn ask(&self, request: Request, pin: Option<Pin>) -> Result<Response, HsmError> {
        self.ask_in_parts(request, pin, None).await
    }

    async fn ask_in_parts(
        &self,
        request: Request,
        pin: Option<Pin>,
        wrapped: Option<mpsc::UnboundedSender<Vec<Result<Wrapped, HsmError>>>>,
    ) -> Result<Response, HsmError> {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            request,
            pin,
            reply,
            wrapped,
        };
        let _in_use = self.usage.begin();
        let asked = async {
            self.jobs
                .send(job)
                .await
                .map_err(|_| HsmError::WorkerStopped)?;
            answer.await.map_err(|_| HsmError::WorkerStopped)?
        };
        self.waited.time(asked).await
    }

    /// How long the HSM was waited for so far.
    #[cfg(feature = "vault")]
    pub(crate) fn waited(&self) -> Duration {
        self.waited.total()
    }
}

impl fmt::Debug for Hsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hsm")
    }
}

/// A worker that ends while a vendor's module is opened was taken along by it.
fn crashed(error: HsmError, module: Module) -> HsmError {
    match (error, module) {
        (HsmError::WorkerStopped, Module::Library { path, .. }) => HsmError::ModuleCrashed { path },
        (other, _) => other,
    }
}

fn unexpected(response: &Response) -> HsmError {
    let name = match response {
        Response::Opened(_) => "Opened",
        Response::Surveyed(_) => "Surveyed",
        Response::LoggedIn(_) => "LoggedIn",
        Response::LoggedOut => "LoggedOut",
        Response::Keys(_) => "Keys",
        Response::Generated(_) => "Generated",
        Response::Destroyed(_) => "Destroyed",
        Response::SelfTested(_) => "SelfTested",
        Response::Wrapped(_) => "Wrapped",
        Response::WrappedMany(_) => "WrappedMany",
        Response::Part(_) => "a part of an answer",
    };
    HsmError::Protocol {
        why: format!("{name} answers no such request"),
    }
}
