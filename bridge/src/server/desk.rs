//! What the routes ask of the bridge behind them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use keyferry_core::{
    Admission, Blob, ImportWishes, Kek, KekBits, KeyInfo, KeyName, KeyOperation, KeySelector,
    KeygenOrder, KeysAnswer, Kid, LoginWay, ModuleOffer, PlanAnswer, PlanRun, PlanStatus,
    PlannedKey, PracticeInfo, RecordAnswer, RecordPage, RecordQuery, Requester, Retirement,
    RetirementAnswer, SessionInfo, Stage, Strategy, VaultAccess, VaultAddress, VaultImportAnswer,
    VaultImportEvent, VaultKek, VaultKeysAnswer,
};

use crate::Error;
use crate::approve::{KeygenQuestion, Prompter};
use crate::audit_log::AuditLog;
use crate::batch::PlanHash;
use crate::batch::run::Stop;
use crate::config::{Ready, ServeConfig, SoftwareKeys};
use crate::hsm::LoginStyle;
use crate::session::TokenSession;
use crate::transfer::{self, Transfer, TransferOrder};

use super::batches::{self, Batches, Ground};
use super::record;
use super::vaults::{Vaults, apart};

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
    /// Logs out of the token and wipes the PIN, at once.
    fn lock(&self, asked_by: Requester) -> impl Future<Output = Result<(), Error>> + Send;
    /// For how long the token was not used.
    fn token_idle_for(&self) -> Duration;
    /// The token's keys.
    fn keys(&self) -> impl Future<Output = Result<KeysAnswer, Error>> + Send;
    /// Makes a key, after a native yes.
    fn generate(&self, order: KeygenOrder) -> impl Future<Output = Result<KeyInfo, Error>> + Send;
    /// Wraps a key, after a native yes, upon which it awaits `hand_over`; what that gives is held until the token is
    /// done with this key.
    fn wrap<Held: Send>(
        &self,
        kek: Kek,
        key: KeySelector,
        attestation: Option<Vec<u8>>,
        observe: impl Fn(Stage) + Send + Sync,
        hand_over: impl Future<Output = Held> + Send,
    ) -> impl Future<Output = Result<Transfer, Error>> + Send;
    /// Makes a plan of many keys; touches nothing.
    fn plan(&self, request: PlanRequest) -> impl Future<Output = Result<PlanAnswer, Error>> + Send;
    /// The batches that are not whole, the newest first.
    fn plans(&self) -> impl Future<Output = Result<Vec<PlanStatus>, Error>> + Send;
    /// Where a plan is that was made or begun here; none when it is not known.
    fn plan_status(
        &self,
        plan: PlanHash,
    ) -> impl Future<Output = Result<Option<PlanStatus>, Error>> + Send;
    /// Runs a plan or goes on with it, after a native yes; `observe` hears how it goes, `stop` has it end early.
    fn run_plan(
        &self,
        plan: PlanHash,
        order: PlanRun,
        stop: Stop,
        observe: impl Fn(PlanStatus) + Send + Sync + 'static,
    ) -> impl Future<Output = Result<PlanStatus, Error>> + Send;
    /// The report of a plan that was run, as a page; none when there is none.
    fn plan_report(
        &self,
        plan: PlanHash,
    ) -> impl Future<Output = Result<Option<RecordPage>, Error>> + Send;
    /// Lines of the record, and the verdict on it; changes nothing.
    fn record(
        &self,
        query: RecordQuery,
    ) -> impl Future<Output = Result<RecordAnswer, Error>> + Send;
    /// A line of the record as a page to print.
    fn record_page(&self, seq: u64) -> impl Future<Output = Result<RecordPage, Error>> + Send;
    /// Whether vaults are spoken to; the calls below are made only when they are.
    fn vault_access(&self) -> VaultAccess;
    /// A vault's keys. Signing in to a vault is asked natively, once for each vault and run.
    fn vault_keys(
        &self,
        vault: VaultAddress,
    ) -> impl Future<Output = Result<VaultKeysAnswer, Error>> + Send;
    /// A KEK's document, as the vault gives it.
    fn vault_kek(&self, kid: Kid) -> impl Future<Output = Result<VaultKek, Error>> + Send;
    /// Makes a KEK, after a native yes, which `approved` is told of.
    fn create_kek(
        &self,
        kek: NewKek,
        approved: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = Result<VaultKek, Error>> + Send;
    /// Imports a file and looks at what came of it, after a native yes.
    fn import(
        &self,
        order: ImportOrder,
        observe: impl Fn(VaultImportEvent) + Send + Sync + 'static,
    ) -> impl Future<Output = Result<VaultImportAnswer, Error>> + Send;
    /// Retires a KEK, after a native yes, which `approved` is told of.
    fn retire_kek(
        &self,
        kid: Kid,
        how: Retirement,
        approved: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = Result<RetirementAnswer, Error>> + Send;
}

/// Many keys, and what is wanted of them; the KEK was examined on this side.
#[derive(Debug)]
pub(super) struct PlanRequest {
    pub(super) kek: Kek,
    /// The KEK's document, and the identifier that was given beside it.
    pub(super) document: Vec<u8>,
    pub(super) attestation: Option<Vec<u8>>,
    pub(super) keys: Vec<PlannedKey>,
    pub(super) name: String,
    pub(super) operations: Option<Vec<KeyOperation>>,
    pub(super) tags: BTreeMap<String, String>,
}

/// A KEK to be made.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "vault"),
    expect(dead_code, reason = "such a build refuses the order before it is used")
)]
pub(super) struct NewKek {
    pub(super) vault: VaultAddress,
    pub(super) name: KeyName,
    pub(super) bits: KekBits,
    /// Seconds since 1970.
    pub(super) expires: Option<i64>,
}

/// A file to be imported, read on this side, and what the page wishes for the key.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "vault"),
    expect(dead_code, reason = "such a build refuses the order before it is used")
)]
pub(super) struct ImportOrder {
    pub(super) name: KeyName,
    pub(super) file: Vec<u8>,
    pub(super) blob: Blob,
    pub(super) wishes: ImportWishes,
}

/// The bridge of this run.
pub(super) struct Bridge {
    session: Arc<TokenSession>,
    prompter: Prompter,
    audit: Arc<AuditLog>,
    admission: Admission,
    software: SoftwareKeys,
    unproven: Option<Strategy>,
    practice: Option<PracticeInfo>,
    offers: Vec<ModuleOffer>,
    vaults: Arc<Vaults>,
    batches: Batches,
}

impl Bridge {
    /// Takes the configuration apart: what serves, and whom to tell when it does.
    pub(super) fn from_config(config: ServeConfig) -> (Self, Box<dyn FnOnce(Ready) + Send>) {
        let ServeConfig {
            session,
            state,
            prompter,
            audit,
            admission,
            software,
            unproven,
            practice,
            offers,
            #[cfg(feature = "vault")]
            vaults,
            idle: _,
            on_ready,
        } = config;
        #[cfg(feature = "vault")]
        let vaults = Vaults::new(vaults, &admission, prompter.clone(), Arc::clone(&audit));
        #[cfg(not(feature = "vault"))]
        let vaults = Vaults::new();
        (
            Self {
                session,
                prompter,
                audit,
                admission,
                software,
                unproven,
                practice,
                offers,
                vaults: Arc::new(vaults),
                batches: Batches::new(state),
            },
            on_ready,
        )
    }
}

impl Bridge {
    fn ground(&self) -> Ground<'_> {
        Ground {
            session: &self.session,
            prompter: &self.prompter,
            audit: &self.audit,
            admission: &self.admission,
            software: self.software,
            vaults: &self.vaults,
        }
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
            vault: self.vault_access(),
        }
    }

    async fn unlock(&self) -> Result<(), Error> {
        self.session.unlock(&self.audit).await
    }

    async fn lock(&self, asked_by: Requester) -> Result<(), Error> {
        self.session.lock(&self.audit, asked_by).await
    }

    fn token_idle_for(&self) -> Duration {
        self.session.idle_for()
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

    async fn wrap<Held: Send>(
        &self,
        kek: Kek,
        key: KeySelector,
        attestation: Option<Vec<u8>>,
        observe: impl Fn(Stage) + Send + Sync,
        hand_over: impl Future<Output = Held> + Send,
    ) -> Result<Transfer, Error> {
        let thumbprint = *kek.thumbprint();
        let order = TransferOrder {
            kek,
            key,
            asked_by: Requester::Page,
            software: self.software,
            unproven: self.unproven,
            attestation,
        };
        let mut consent = self.prompter.clone();
        let audit = &self.audit;
        let transfer = transfer::wrap(
            &self.session,
            order,
            &mut consent,
            audit,
            observe,
            hand_over,
        )
        .await?;
        self.vaults.keep(&transfer, &thumbprint);
        Ok(transfer)
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanAnswer, Error> {
        self.batches.plan(self.ground(), request).await
    }

    async fn plans(&self) -> Result<Vec<PlanStatus>, Error> {
        self.batches.unfinished().await
    }

    async fn plan_status(&self, plan: PlanHash) -> Result<Option<PlanStatus>, Error> {
        self.batches.status(plan).await
    }

    async fn run_plan(
        &self,
        plan: PlanHash,
        order: PlanRun,
        stop: Stop,
        observe: impl Fn(PlanStatus) + Send + Sync + 'static,
    ) -> Result<PlanStatus, Error> {
        let ground = self.ground();
        self.batches.run(ground, plan, order, stop, observe).await
    }

    async fn plan_report(&self, plan: PlanHash) -> Result<Option<RecordPage>, Error> {
        let place = self.batches.report(plan)?;
        reading(move || batches::report_page(plan, &place)).await
    }

    async fn record(&self, query: RecordQuery) -> Result<RecordAnswer, Error> {
        let audit = Arc::clone(&self.audit);
        reading(move || record::lines(&audit, query)).await
    }

    async fn record_page(&self, seq: u64) -> Result<RecordPage, Error> {
        let audit = Arc::clone(&self.audit);
        reading(move || record::page(&audit, seq)).await
    }

    fn vault_access(&self) -> VaultAccess {
        self.vaults.access()
    }

    async fn vault_keys(&self, vault: VaultAddress) -> Result<VaultKeysAnswer, Error> {
        let vaults = Arc::clone(&self.vaults);
        apart(move || async move { vaults.keys(&vault).await }).await
    }

    async fn vault_kek(&self, kid: Kid) -> Result<VaultKek, Error> {
        let vaults = Arc::clone(&self.vaults);
        apart(move || async move { vaults.kek(&kid).await }).await
    }

    async fn create_kek(
        &self,
        kek: NewKek,
        approved: impl FnOnce() + Send + 'static,
    ) -> Result<VaultKek, Error> {
        let vaults = Arc::clone(&self.vaults);
        apart(move || async move { vaults.create_kek(kek, approved).await }).await
    }

    async fn import(
        &self,
        order: ImportOrder,
        observe: impl Fn(VaultImportEvent) + Send + Sync + 'static,
    ) -> Result<VaultImportAnswer, Error> {
        let vaults = Arc::clone(&self.vaults);
        apart(move || async move { vaults.import(order, observe).await }).await
    }

    async fn retire_kek(
        &self,
        kid: Kid,
        how: Retirement,
        approved: impl FnOnce() + Send + 'static,
    ) -> Result<RetirementAnswer, Error> {
        let vaults = Arc::clone(&self.vaults);
        apart(move || async move { vaults.retire_kek(&kid, how, approved).await }).await
    }
}

/// Files are read where nobody is served meanwhile.
async fn reading<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Internal("the reader of the record stopped"))?
}
