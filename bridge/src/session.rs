//! A token opened through the worker, and whether it is unlocked.

use std::sync::{Arc, Mutex as Place, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use keyferry_core::{
    ApprovalKind, AuditEntry, AuditEvent, KeyInfo, KeySelector, KeygenOrder, Outcome, Requester,
    TargetKind,
};
use tokio::sync::{Mutex, OnceCell};

use crate::Error;
use crate::approve::Prompter;
use crate::audit_log::AuditLog;
use crate::config::Settings;
use crate::hsm::{
    Deadlines, FinalTry, Hsm, HsmError, LoginStyle, Module, OpenRequest, OpenedToken, PinState,
    RehearsalKey, Witness, WorkerOptions,
};
use crate::pin::{PinKeeper, PinSource};
use crate::profile::{Catalogue, Profile, Strings};
use crate::transfer::Terms;

/// One token for the life of the process. The worker is started and the token opened on first use, or ahead of
/// it by [`TokenSession::open`]; a failed opening is tried again by the next use. A worker that is lost later has
/// a successor, which opens the same token or none.
pub struct TokenSession {
    request: OpenRequest,
    module_env: Vec<String>,
    deadlines: Deadlines,
    pin_source: Option<PinSource>,
    prompter: Prompter,
    terms: Terms,
    /// A worker that was started before; the first opening takes it.
    started: Place<Option<Hsm>>,
    opened: OnceCell<Arc<Opened>>,
    /// The serial that the token has to have: that of the session which this is a sibling of.
    serial: Option<String>,
    family: Arc<Family>,
}

struct Opened {
    hsm: Hsm,
    token: OpenedToken,
}

/// What the sessions on one token share: they are unlocked by one PIN, and locked together.
struct Family {
    keeper: PinKeeper,
    /// Held while someone logs in, with what the token said of a PIN that nobody typed.
    login: Mutex<Option<HsmError>>,
    members: Place<Vec<Weak<Opened>>>,
}

impl Family {
    fn open_members(&self) -> Vec<Arc<Opened>> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|member| member.strong_count() > 0);
        members.iter().filter_map(Weak::upgrade).collect()
    }
}

/// Has logins that nobody was asked for stand in the record too.
struct Recorder {
    audit: AuditLog,
    entry: AuditEntry,
}

impl Witness for Recorder {
    fn logged_in_again<'a>(&'a self, outcome: Result<(), &'a HsmError>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let mut entry = self.entry.clone();
            if let Err(error) = outcome {
                entry.outcome = Outcome::Failed;
                entry.code = Some(error.code().to_owned());
            }
            if let Err(error) = self.audit.append(entry).await {
                tracing::error!(code = error.code(), "a login is not in the record");
            }
        })
    }
}

impl TokenSession {
    /// A session for the token that `settings` name; nothing is started yet.
    #[must_use]
    pub fn new(settings: &Settings, prompter: Prompter) -> Self {
        Self {
            request: settings.open.clone(),
            module_env: settings.module_env.clone(),
            deadlines: settings.file.deadlines.deadlines(),
            pin_source: settings.pin_source.clone(),
            prompter,
            terms: Terms::of(settings),
            started: Place::new(None),
            opened: OnceCell::new(),
            serial: None,
            family: Arc::new(Family {
                keeper: PinKeeper::new(settings.pin_memory),
                login: Mutex::new(None),
                members: Place::default(),
            }),
        }
    }

    /// A further worker on the same token, on the same terms. It is unlocked with the PIN that is kept, else by
    /// asking as ever, and locked together with this one.
    #[must_use]
    pub fn sibling(&self) -> Self {
        let serial = self.token().map(|token| token.info.serial.clone());
        Self {
            request: self.request.clone(),
            module_env: self.module_env.clone(),
            deadlines: self.deadlines,
            pin_source: self.pin_source.clone(),
            prompter: self.prompter.clone(),
            terms: self.terms.clone(),
            started: Place::new(None),
            opened: OnceCell::new(),
            serial: serial.or_else(|| self.serial.clone()),
            family: Arc::clone(&self.family),
        }
    }

    /// The same over a worker that has looked into the module already.
    #[must_use]
    pub fn over(hsm: Hsm, settings: &Settings, prompter: Prompter) -> Self {
        Self {
            started: Place::new(Some(hsm)),
            ..Self::new(settings, prompter)
        }
    }

    /// The same on other terms; no verb does this.
    #[must_use]
    pub fn on_terms(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }

    /// On which terms its keys travel.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Where people are asked.
    #[must_use]
    pub fn prompter(&self) -> &Prompter {
        &self.prompter
    }

    /// Opens the token unless it is open.
    ///
    /// # Errors
    /// What the worker or the module says.
    pub async fn open(&self) -> Result<&OpenedToken, Error> {
        self.opened().await.map(|opened| &opened.token)
    }

    /// The token if it is open already.
    #[must_use]
    pub fn token(&self) -> Option<&OpenedToken> {
        self.opened.get().map(|opened| &opened.token)
    }

    /// The worker behind an open token.
    ///
    /// # Errors
    /// What opening it says.
    pub async fn hsm(&self) -> Result<&Hsm, Error> {
        self.opened().await.map(|opened| &opened.hsm)
    }

    /// The vendor's profile, by what token and library call themselves. It explains; it decides nothing.
    #[must_use]
    pub fn profile(&self) -> Option<&'static Profile> {
        let Module::Library { path, .. } = &self.request.module else {
            return None;
        };
        let token = &self.token()?.info;
        let strings = Strings {
            token_manufacturer: &token.manufacturer,
            token_model: &token.model,
            ..Strings::default()
        };
        Catalogue::recognise(&strings, Some(path)).map(|recognised| recognised.profile)
    }

    /// True for the software token that is linked into this program.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        matches!(self.request.module, Module::Embedded { .. })
    }

    /// True while the user is logged in.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        let opened = self.opened.get();
        opened.is_some_and(|opened| opened.hsm.is_unlocked())
    }

    /// For how long neither this session's worker nor a sibling's was asked for anything; zero while one works, and
    /// endless before one was opened.
    #[must_use]
    pub fn idle_for(&self) -> Duration {
        let members = self.family.open_members();
        let idle = members.iter().map(|member| member.hsm.idle_for());
        idle.min().unwrap_or(Duration::MAX)
    }

    /// Wipes the PIN and logs out, here and in every sibling. What is under way at the token ends first; what
    /// comes after it needs another login. Nothing is done, and nothing recorded, where nobody is logged in.
    ///
    /// # Errors
    /// What the record says.
    pub async fn lock(&self, audit: &AuditLog, asked_by: Requester) -> Result<(), Error> {
        self.family.keeper.wipe();
        let mut locked = false;
        for member in self.family.open_members() {
            if member.hsm.is_unlocked() {
                locked = true;
                member.hsm.logout().await?;
            }
        }
        if locked {
            let mut entry = self.entry(AuditEvent::Lock, None);
            entry.asked_by = asked_by;
            audit.append(entry).await?;
        }
        Ok(())
    }

    /// Logs in unless that is done. A PIN is tried once; every try is in the record. A wrong PIN from a file, a
    /// variable or a descriptor is never tried again: it would be as wrong, and the token counts.
    ///
    /// # Errors
    /// What the PIN's source, the prompt or the token says.
    pub async fn unlock(&self, audit: &AuditLog) -> Result<(), Error> {
        // Held over the prompt: a second asker waits for the first one's answer in place of a second prompt.
        let mut refused = self.family.login.lock().await;
        if self.is_unlocked() {
            return Ok(());
        }
        if let Some(error) = refused.as_ref() {
            return Err(error.clone().into());
        }
        let opened = self.opened().await?;
        opened.hsm.witnessed_by(Arc::new(Recorder {
            audit: audit.clone(),
            entry: self.entry(AuditEvent::Unlock, None),
        }));
        let source = self.source(opened);
        let outcome = match self.family.keeper.pin() {
            // Another of this token's sessions was unlocked with it, and none was locked since.
            Some(pin) => opened
                .hsm
                .login(Some(pin), FinalTry::Refuse)
                .await
                .inspect_err(|_| self.family.keeper.wipe())
                .map_err(Error::from),
            None => self.log_in(opened, &source).await,
        };
        if let Err(Error::Hsm(error @ HsmError::PinWrong { .. })) = &outcome
            && source.is_unattended()
        {
            *refused = Some(error.clone());
        }
        let entry = self.entry(AuditEvent::Unlock, outcome.as_ref().err().map(Error::code));
        if let Err(error) = audit.append(entry).await {
            // No login without its line.
            self.family.keeper.wipe();
            opened.hsm.logout().await?;
            return Err(error);
        }
        outcome
    }

    /// The token's keys; unlocks first.
    ///
    /// # Errors
    /// What unlocking or the token says.
    pub async fn keys(&self, audit: &AuditLog) -> Result<Vec<KeyInfo>, Error> {
        self.unlock(audit).await?;
        let hsm = self.hsm().await?;
        match hsm.keys().await {
            // A worker was lost in the meantime, and no PIN is kept for its successor.
            Err(HsmError::NotLoggedIn) => {
                self.unlock(audit).await?;
                Ok(hsm.keys().await?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Those of the token's keys that `selector` names; unlocks first.
    ///
    /// # Errors
    /// What unlocking or the token says.
    pub async fn keys_like(
        &self,
        audit: &AuditLog,
        selector: &KeySelector,
    ) -> Result<Vec<KeyInfo>, Error> {
        self.unlock(audit).await?;
        let hsm = self.hsm().await?;
        match hsm.keys_like(selector.clone()).await {
            // A worker was lost in the meantime, and no PIN is kept for its successor.
            Err(HsmError::NotLoggedIn) => {
                self.unlock(audit).await?;
                Ok(hsm.keys_like(selector.clone()).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Makes a key that can travel; unlocks first. Whether it may be made was asked by the caller.
    ///
    /// # Errors
    /// What unlocking or the token says.
    pub async fn generate(
        &self,
        audit: &AuditLog,
        order: &KeygenOrder,
        asked_by: Requester,
        approval: ApprovalKind,
    ) -> Result<KeyInfo, Error> {
        self.unlock(audit).await?;
        let outcome = self.hsm().await?.generate(order.kind, &order.label).await;
        let mut entry = self.entry(
            AuditEvent::Keygen,
            outcome.as_ref().err().map(HsmError::code),
        );
        entry.asked_by = asked_by;
        entry.approval = Some(approval);
        entry.key_label = Some(order.label.clone());
        entry.key_id = outcome.as_ref().ok().map(|key| key.id.clone());
        entry.target = Some(order.kind);
        audit.append(entry).await?;
        Ok(outcome?)
    }

    /// Makes a key for a rehearsal; unlocks first. The worker destroys it when told, or when it ends.
    ///
    /// # Errors
    /// What unlocking or the token says.
    pub async fn make_rehearsal_key(
        &self,
        audit: &AuditLog,
        kind: TargetKind,
    ) -> Result<RehearsalKey, Error> {
        self.unlock(audit).await?;
        let outcome = self.hsm().await?.make_rehearsal_key(kind).await;
        let mut entry = self.entry(
            AuditEvent::Keygen,
            outcome.as_ref().err().map(HsmError::code),
        );
        entry.asked_by = Requester::CommandLine;
        entry.approval = Some(ApprovalKind::Practice);
        entry.target = Some(kind);
        if let Ok(key) = &outcome {
            entry.key_label = Some(key.info().label.clone());
            entry.key_id = Some(key.info().id.clone());
        }
        audit.append(entry).await?;
        Ok(outcome?)
    }

    /// Destroys every key that this run made for a rehearsal, and no other. Each is in the record.
    ///
    /// # Errors
    /// [`Error::RehearsalKeysLeft`] when some may still be on the token; what the worker says.
    pub async fn destroy_rehearsal_keys(&self, audit: &AuditLog) -> Result<Vec<String>, Error> {
        // A token that was never opened holds none, and is not opened for that.
        let Some(opened) = self.opened.get() else {
            return Ok(Vec::new());
        };
        let destroyed = opened.hsm.destroy_rehearsal_keys().await?;
        let left = destroyed
            .left
            .iter()
            .map(|(label, _)| (label, Some("rehearsal-keys-left")));
        for (label, code) in destroyed.gone.iter().map(|label| (label, None)).chain(left) {
            let mut entry = self.entry(AuditEvent::KeyDestroy, code);
            entry.asked_by = Requester::CommandLine;
            entry.key_label = Some(label.clone());
            audit.append(entry).await?;
        }
        if destroyed.left.is_empty() {
            return Ok(destroyed.gone);
        }
        let (labels, reasons): (Vec<_>, Vec<_>) = destroyed.left.into_iter().unzip();
        Err(Error::RehearsalKeysLeft {
            labels: labels.join(", "),
            reason: reasons.into_iter().next().unwrap_or_default(),
        })
    }

    fn entry(&self, event: AuditEvent, code: Option<&'static str>) -> AuditEntry {
        let outcome = if code.is_some() {
            Outcome::Failed
        } else {
            Outcome::Done
        };
        let mut entry = AuditEntry::new(event, outcome, Requester::Bridge);
        entry.code = code.map(str::to_owned);
        entry.token_serial = self.token().map(|token| token.info.serial.clone());
        entry.token_firmware = self.token().map(|token| token.info.firmware.clone());
        entry
    }

    async fn opened(&self) -> Result<&Opened, Error> {
        let opened = self.opened.get_or_try_init(|| async {
            let started = self.started.lock().ok().and_then(|mut hsm| hsm.take());
            let hsm = match started {
                Some(hsm) => hsm,
                None => Hsm::start(self.worker_options()?).await?,
            };
            let token = hsm.open(self.request.clone()).await?;
            if let Some(serial) = &self.serial
                && *serial != token.info.serial
            {
                return Err(Error::from(HsmError::TokenReplaced));
            }
            let opened = Arc::new(Opened { hsm, token });
            let mut members = self
                .family
                .members
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            members.push(Arc::downgrade(&opened));
            Ok(opened)
        });
        opened.await.map(Arc::as_ref)
    }

    fn worker_options(&self) -> Result<WorkerOptions, HsmError> {
        Ok(WorkerOptions {
            deadlines: self.deadlines,
            keeper: self.family.keeper.clone(),
            ..WorkerOptions::this_program(&self.module_env)?
        })
    }

    fn source(&self, opened: &Opened) -> PinSource {
        let own_way = self.is_embedded() || opened.token.login == LoginStyle::PinPad;
        match &self.pin_source {
            Some(source) => source.clone(),
            None if own_way => PinSource::Protected,
            None => self.prompter.pin_source(),
        }
    }

    async fn log_in(&self, opened: &Opened, source: &PinSource) -> Result<(), Error> {
        let token = &opened.token.info.label;
        let final_try = match opened.token.pin_state {
            PinState::FinalTry => self.prompter.confirm_final_try(token).await?,
            PinState::Ok | PinState::CountLow | PinState::Locked => FinalTry::Refuse,
        };
        let pin = source.read(&self.prompter, token).await?;
        Ok(opened.hsm.login(pin, final_try).await?)
    }
}
