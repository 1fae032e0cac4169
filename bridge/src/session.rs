//! A token opened through the worker, and whether it is unlocked.

use std::sync::atomic::{AtomicBool, Ordering};

use keyferry_core::{
    ApprovalKind, AuditEntry, AuditEvent, KeyInfo, KeygenOrder, Outcome, Requester, TargetKind,
};
use tokio::sync::{Mutex, OnceCell};

use crate::Error;
use crate::approve::Prompter;
use crate::audit_log::AuditLog;
use crate::config::Settings;
use crate::hsm::{
    FinalTry, Hsm, HsmError, LoginStyle, Module, OpenRequest, OpenedToken, PinState, RehearsalKey,
    WorkerOptions,
};
use crate::pin::PinSource;
use crate::profile::{Catalogue, Profile, Strings};
use crate::transfer::Terms;

/// One token for the life of the process. The worker is started and the token opened on first use, or ahead of
/// it by [`TokenSession::open`]; a failed opening is tried again by the next use.
pub struct TokenSession {
    request: OpenRequest,
    module_env: Vec<String>,
    pin_source: Option<PinSource>,
    prompter: Prompter,
    terms: Terms,
    /// A worker that was started before; the first opening takes it.
    started: std::sync::Mutex<Option<Hsm>>,
    opened: OnceCell<Opened>,
    unlocked: AtomicBool,
    /// Held while someone logs in, with what the token said of a PIN that nobody typed.
    login: Mutex<Option<HsmError>>,
}

struct Opened {
    hsm: Hsm,
    token: OpenedToken,
}

impl TokenSession {
    /// A session for the token that `settings` name; nothing is started yet.
    #[must_use]
    pub fn new(settings: &Settings, prompter: Prompter) -> Self {
        Self {
            request: settings.open.clone(),
            module_env: settings.module_env.clone(),
            pin_source: settings.pin_source.clone(),
            prompter,
            terms: Terms::of(settings),
            started: std::sync::Mutex::new(None),
            opened: OnceCell::new(),
            unlocked: AtomicBool::new(false),
            login: Mutex::new(None),
        }
    }

    /// The same over a worker that has looked into the module already.
    #[must_use]
    pub fn over(hsm: Hsm, settings: &Settings, prompter: Prompter) -> Self {
        Self {
            started: std::sync::Mutex::new(Some(hsm)),
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

    /// True once the user is logged in.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.unlocked.load(Ordering::SeqCst)
    }

    /// Logs in unless that is done. A PIN is tried once; every try is in the record. A wrong PIN from a file, a
    /// variable or a descriptor is never tried again: it would be as wrong, and the token counts.
    ///
    /// # Errors
    /// What the PIN's source, the prompt or the token says.
    pub async fn unlock(&self, audit: &AuditLog) -> Result<(), Error> {
        // Held over the prompt: a second asker waits for the first one's answer in place of a second prompt.
        let mut refused = self.login.lock().await;
        if self.is_unlocked() {
            return Ok(());
        }
        if let Some(error) = refused.as_ref() {
            return Err(error.clone().into());
        }
        let opened = self.opened().await?;
        let source = self.source(opened);
        let outcome = self.log_in(opened, &source).await;
        if let Err(Error::Hsm(error @ HsmError::PinWrong { .. })) = &outcome
            && source.is_unattended()
        {
            *refused = Some(error.clone());
        }
        let entry = self.entry(AuditEvent::Unlock, outcome.as_ref().err().map(Error::code));
        audit.append(entry).await?;
        outcome?;
        self.unlocked.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// The token's keys; unlocks first.
    ///
    /// # Errors
    /// What unlocking or the token says.
    pub async fn keys(&self, audit: &AuditLog) -> Result<Vec<KeyInfo>, Error> {
        self.unlock(audit).await?;
        Ok(self.hsm().await?.keys().await?)
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
        self.opened
            .get_or_try_init(|| async {
                let started = self.started.lock().ok().and_then(|mut hsm| hsm.take());
                let hsm = match started {
                    Some(hsm) => hsm,
                    None => Hsm::start(WorkerOptions::this_program(&self.module_env)?).await?,
                };
                let token = hsm.open(self.request.clone()).await?;
                Ok(Opened { hsm, token })
            })
            .await
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
