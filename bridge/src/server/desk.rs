//! What the routes ask of the bridge behind them.

use std::sync::Arc;
use std::time::Duration;

use keyferry_core::{
    Admission, Kek, KeyInfo, KeySelector, KeygenOrder, KeysAnswer, LoginWay, ModuleOffer,
    PracticeInfo, Requester, SessionInfo, Stage,
};

use crate::Error;
use crate::approve::{KeygenQuestion, Prompter};
use crate::audit_log::AuditLog;
use crate::config::{Ready, ServeConfig, SoftwareKeys};
use crate::hsm::LoginStyle;
use crate::session::TokenSession;
use crate::transfer::{self, Transfer, TransferOrder};

/// How long the session's description waits for a token that is still being opened.
const OPENING: Duration = Duration::from_secs(5);

/// The bridge as the routes see it. There is one for the run; the tests of the HTTP side have a
/// stand-in, since a worker process cannot live in a unit test.
pub(super) trait Desk: Send + Sync + 'static {
    /// Which kids are admitted.
    fn admission(&self) -> &Admission;
    /// Who is here; asks nobody and changes nothing.
    fn session(&self) -> impl Future<Output = SessionInfo> + Send;
    /// Logs in to the token, asking natively.
    fn unlock(&self) -> impl Future<Output = Result<(), Error>> + Send;
    /// The token's keys.
    fn keys(&self) -> impl Future<Output = Result<KeysAnswer, Error>> + Send;
    /// Makes a key, after a native yes.
    fn generate(&self, order: KeygenOrder) -> impl Future<Output = Result<KeyInfo, Error>> + Send;
    /// Wraps a key, after a native yes.
    fn wrap(
        &self,
        kek: Kek,
        key: KeySelector,
        observe: impl Fn(Stage) + Send + Sync,
    ) -> impl Future<Output = Result<Transfer, Error>> + Send;
}

/// The bridge of this run.
pub(super) struct Bridge {
    session: Arc<TokenSession>,
    prompter: Prompter,
    audit: Arc<AuditLog>,
    admission: Admission,
    software: SoftwareKeys,
    practice: Option<PracticeInfo>,
    offers: Vec<ModuleOffer>,
}

impl Bridge {
    /// Takes the configuration apart: what serves, and whom to tell when it does.
    pub(super) fn from_config(config: ServeConfig) -> (Self, Box<dyn FnOnce(Ready) + Send>) {
        let ServeConfig {
            session,
            prompter,
            audit,
            admission,
            software,
            practice,
            offers,
            on_ready,
        } = config;
        (
            Self {
                session,
                prompter,
                audit,
                admission,
                software,
                practice,
                offers,
            },
            on_ready,
        )
    }
}

impl Desk for Bridge {
    fn admission(&self) -> &Admission {
        &self.admission
    }

    async fn session(&self) -> SessionInfo {
        // In a task of its own: giving up waiting must not give up opening.
        let session = Arc::clone(&self.session);
        let opening = tokio::spawn(async move { session.open().await.is_ok() });
        let _ = tokio::time::timeout(OPENING, opening).await;
        let token = self.session.token();
        SessionInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            token: token.map(|token| token.info.clone()),
            unlocked: self.session.is_unlocked(),
            login: match token.map(|token| token.login) {
                Some(LoginStyle::PinPad) => LoginWay::PinPad,
                Some(LoginStyle::Pin) | None => LoginWay::Pin,
            },
            prompt: self.prompter.way(),
            software_token_allowed: self.software == SoftwareKeys::Allowed,
            practice: self.practice.clone(),
            offers: self.offers.clone(),
        }
    }

    async fn unlock(&self) -> Result<(), Error> {
        self.session.unlock(&self.audit).await
    }

    async fn keys(&self) -> Result<KeysAnswer, Error> {
        let keys = self.session.keys(&self.audit).await?;
        let token = self.session.open().await?.info.clone();
        Ok(KeysAnswer { token, keys })
    }

    async fn generate(&self, order: KeygenOrder) -> Result<KeyInfo, Error> {
        let question = KeygenQuestion {
            kind: order.kind,
            label: order.label.clone(),
            token: self.session.open().await?.info.label.clone(),
            asked_by: Requester::Page,
        };
        let approval = self.prompter.confirm_keygen(&question).await?;
        self.session
            .generate(&self.audit, &order, Requester::Page, approval)
            .await
    }

    async fn wrap(
        &self,
        kek: Kek,
        key: KeySelector,
        observe: impl Fn(Stage) + Send + Sync,
    ) -> Result<Transfer, Error> {
        let order = TransferOrder {
            kek,
            key,
            asked_by: Requester::Page,
            software: self.software,
        };
        let mut consent = self.prompter.clone();
        transfer::wrap(&self.session, order, &mut consent, &self.audit, observe).await
    }
}
