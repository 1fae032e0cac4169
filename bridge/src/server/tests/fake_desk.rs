//! Stands in for the bridge: a person and a token that the test plays.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keyferry_core::{
    Admission, Anchors, AuditEntry, AuditEvent, AuditHead, Blob, Ciphertext, Generator, HeadSeen,
    ImportStage, Kek, KeyInfo, KeySelector, KeygenOrder, KeysAnswer, Kid, LoginWay, Outcome,
    PlanAnswer, PlanGoes, PlanRun, PlanState, PlanStatus, PrivateKeyCheck, PromptWay,
    PublicKeyCheck, RecordAnswer, RecordPage, RecordQuery, Requester, Retirement, RetirementAnswer,
    SelfTest, SessionInfo, Stage, Strategy, TargetKind, TokenInfo, VaultAccess, VaultAddress,
    VaultImportAnswer, VaultImportEvent, VaultKek, VaultKeysAnswer, Verification, WrapRecord,
    chain,
};
use tokio::sync::Semaphore;

use crate::Error;
use crate::batch::PlanHash;
use crate::batch::run::Stop;
use crate::hsm::HsmError;
use crate::server::desk::{Desk, ImportOrder, NewKek, PlanRequest};
use crate::transfer::Transfer;

/// How the stand-in behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    WorkerGone,
    NoPrompt,
    Panics,
}

pub(super) struct FakeDesk {
    mood: Mood,
    unlocked: bool,
    access: VaultAccess,
    admission: Admission,
    /// One permit is one yes of the person.
    pub(super) person: Semaphore,
    /// One permit is one wrap of the token.
    pub(super) device: Semaphore,
    /// One permit is one outcome on disk.
    pub(super) disk: Semaphore,
    pub(super) wraps_begun: AtomicUsize,
    /// Logins, listings and new keys.
    pub(super) token_calls: AtomicUsize,
    pub(super) wraps_recorded: AtomicUsize,
    /// Keys of the plans that were made.
    pub(super) planned: AtomicUsize,
    /// Runs of plans.
    pub(super) plans_begun: AtomicUsize,
    /// Every call that would have reached a vault.
    pub(super) vault_calls: AtomicUsize,
    /// Who locked the token.
    pub(super) locked_by: Mutex<Vec<Requester>>,
    /// Since then the token was not used.
    begun: Instant,
}

impl FakeDesk {
    /// The person says yes and the token answers, both at once.
    pub(super) fn willing(mood: Mood) -> Self {
        let desk = Self::waiting();
        desk.person.add_permits(100);
        desk.device.add_permits(100);
        Self { mood, ..desk }
    }

    /// Person and token wait for the test.
    pub(super) fn waiting() -> Self {
        Self {
            mood: Mood::Well,
            unlocked: true,
            access: VaultAccess::Online,
            admission: Admission::default(),
            person: Semaphore::new(0),
            device: Semaphore::new(0),
            disk: Semaphore::new(100),
            wraps_begun: AtomicUsize::new(0),
            token_calls: AtomicUsize::new(0),
            wraps_recorded: AtomicUsize::new(0),
            planned: AtomicUsize::new(0),
            plans_begun: AtomicUsize::new(0),
            vault_calls: AtomicUsize::new(0),
            locked_by: Mutex::default(),
            begun: Instant::now(),
        }
    }

    /// The disk waits for the test too.
    pub(super) fn with_slow_disk(self) -> Self {
        Self {
            disk: Semaphore::new(0),
            ..self
        }
    }

    /// As before its token was logged in to.
    pub(super) fn locked(self) -> Self {
        Self {
            unlocked: false,
            ..self
        }
    }

    /// With vaults spoken to, or not.
    pub(super) fn with_access(self, access: VaultAccess) -> Self {
        Self { access, ..self }
    }

    fn mood(&self) -> Result<(), Error> {
        match self.mood {
            Mood::Well => Ok(()),
            Mood::WorkerGone => Err(HsmError::WorkerStopped.into()),
            Mood::NoPrompt => Err(Error::PromptUnavailable),
            Mood::Panics => panic!("inner words of a panic"),
        }
    }
}

fn token() -> TokenInfo {
    TokenInfo {
        label: "stand-in".into(),
        manufacturer: "maker".into(),
        model: "model".into(),
        serial: "1".into(),
        firmware: "1.0".into(),
        software: true,
    }
}

/// The one plan that the stand-in knows, and how many keys it has.
pub(super) const PLAN: &str = "abababababababababababababababababababababababababababababababab";
pub(super) const PLAN_KEYS: u32 = 3;

fn plan_status(state: PlanState) -> PlanStatus {
    PlanStatus {
        hash: PLAN.into(),
        state,
        vault: "https://contoso.vault.azure.net".into(),
        lines: PLAN_KEYS,
        import: false,
        done: 0,
        failed: 0,
        here: 0,
        millis: 0,
        folder: None,
        waiting: None,
        failures: Vec::new(),
        error: None,
    }
}

fn key(kind: TargetKind, label: &str) -> KeyInfo {
    KeyInfo {
        label: label.into(),
        id: "01".into(),
        kind: kind.to_string(),
        transferable: true,
        reasons: Vec::new(),
        spki: None,
    }
}

impl Desk for FakeDesk {
    fn admission(&self) -> &Admission {
        &self.admission
    }

    async fn session(&self) -> SessionInfo {
        SessionInfo {
            version: "0".into(),
            token: Some(token()),
            unlocked: self.unlocked,
            login: LoginWay::Pin,
            prompt: PromptWay::Terminal,
            software_token_allowed: false,
            practice: None,
            offers: Vec::new(),
            vault: self.access,
        }
    }

    async fn unlock(&self) -> Result<(), Error> {
        self.token_calls.fetch_add(1, Ordering::SeqCst);
        self.mood()
    }

    async fn lock(&self, asked_by: Requester) -> Result<(), Error> {
        self.mood()?;
        self.locked_by.lock().unwrap().push(asked_by);
        Ok(())
    }

    fn token_idle_for(&self) -> Duration {
        self.begun.elapsed()
    }

    async fn keys(&self) -> Result<KeysAnswer, Error> {
        self.token_calls.fetch_add(1, Ordering::SeqCst);
        self.mood()?;
        Ok(KeysAnswer {
            token: token(),
            keys: vec![key(TargetKind::Aes256, "k")],
        })
    }

    async fn generate(&self, order: KeygenOrder) -> Result<KeyInfo, Error> {
        self.token_calls.fetch_add(1, Ordering::SeqCst);
        self.mood()?;
        Ok(key(order.kind, &order.label))
    }

    async fn wrap<Held: Send>(
        &self,
        kek: Kek,
        _: KeySelector,
        _: Option<Vec<u8>>,
        observe: impl Fn(Stage) + Send + Sync,
        hand_over: impl Future<Output = Held> + Send,
    ) -> Result<Transfer, Error> {
        self.wraps_begun.fetch_add(1, Ordering::SeqCst);
        observe(Stage::Checking);
        self.mood()?;
        observe(Stage::Approving);
        self.person.acquire().await.unwrap().forget();
        observe(Stage::Recording);
        let held = hand_over.await;
        observe(Stage::Wrapping);
        self.device.acquire().await.unwrap().forget();
        drop(held);
        self.disk.acquire().await.unwrap().forget();
        let entry = AuditEntry::new(AuditEvent::WrapOutcome, Outcome::Done, Requester::Page);
        let record = chain(&AuditHead::GENESIS, "2026-01-01T00:00:00Z", entry);
        self.wraps_recorded.fetch_add(1, Ordering::SeqCst);
        let target = TargetKind::Aes256;
        let bytes = vec![7; kek.bits().bytes() + target.kwp_lengths()[0]];
        let ciphertext = Ciphertext::new(bytes, kek.bits(), target, &[]).unwrap();
        let generator = Generator::new("0", "maker", "model", "1.0");
        Ok(Transfer {
            blob: Blob::assemble(&kek, &ciphertext, &generator),
            label: "k".into(),
            target,
            strategy: Strategy::OaepKwp,
            attestation: None,
            self_test: SelfTest::Exact,
            proven_lengths: Vec::new(),
            spki: None,
            token: token(),
            generator,
            record,
            findings: Vec::new(),
        })
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanAnswer, Error> {
        self.mood()?;
        self.planned.fetch_add(request.keys.len(), Ordering::SeqCst);
        let goes = (1..).zip(request.keys).map(|(number, key)| PlanGoes {
            number,
            name: request.name.replace("{label}", &key.label),
            label: key.label,
            id: key.id,
            kind: "AES-256".into(),
        });
        Ok(PlanAnswer {
            hash: PLAN.into(),
            vault: VaultAddress::of(request.kek.kid()).url(),
            goes: goes.collect(),
            stays: Vec::new(),
        })
    }

    async fn plans(&self) -> Result<Vec<PlanStatus>, Error> {
        Ok(vec![plan_status(PlanState::Ready)])
    }

    async fn plan_status(&self, plan: PlanHash) -> Result<Option<PlanStatus>, Error> {
        Ok((plan.to_string() == PLAN).then(|| plan_status(PlanState::Ready)))
    }

    async fn run_plan(
        &self,
        _: PlanHash,
        order: PlanRun,
        stop: Stop,
        observe: impl Fn(PlanStatus) + Send + Sync + 'static,
    ) -> Result<PlanStatus, Error> {
        self.plans_begun.fetch_add(1, Ordering::SeqCst);
        self.mood()?;
        observe(plan_status(PlanState::Approving));
        self.person.acquire().await.unwrap().forget();
        let mut status = plan_status(PlanState::Running);
        status.import = order.import;
        observe(status.clone());
        while status.done < PLAN_KEYS {
            tokio::select! {
                biased;
                () = stop.said() => break,
                key = self.device.acquire() => key.unwrap().forget(),
            }
            status.done += 1;
            observe(status.clone());
        }
        self.wraps_recorded.fetch_add(1, Ordering::SeqCst);
        status.state = if status.done == PLAN_KEYS {
            PlanState::Done
        } else {
            PlanState::Ready
        };
        Ok(status)
    }

    async fn plan_report(&self, plan: PlanHash) -> Result<Option<RecordPage>, Error> {
        self.mood()?;
        Ok((plan.to_string() == PLAN).then(|| RecordPage {
            name: "keyferry-batch-00000000.html".into(),
            html: "<!DOCTYPE html>".into(),
        }))
    }

    async fn record(&self, query: RecordQuery) -> Result<RecordAnswer, Error> {
        self.mood()?;
        let entry = AuditEntry::new(AuditEvent::Keygen, Outcome::Done, Requester::Page);
        let line = chain(&AuditHead::GENESIS, "2026-01-01T00:00:00Z", entry);
        let anchors = Anchors::head(HeadSeen::At(line.head()));
        let mut walk = anchors.walk();
        walk.file("log.jsonl");
        walk.line(line.to_json().as_bytes());
        Ok(RecordAnswer {
            lines: if query.most == 0 {
                Vec::new()
            } else {
                vec![line]
            },
            matching: 1,
            verdict: anchors.judge(walk),
        })
    }

    async fn record_page(&self, seq: u64) -> Result<RecordPage, Error> {
        self.mood()?;
        if seq != 1 {
            return Err(Error::RecordLineUnknown { seq });
        }
        Ok(RecordPage {
            name: "keyferry-record-1.html".into(),
            html: "<!DOCTYPE html>".into(),
        })
    }

    fn vault_access(&self) -> VaultAccess {
        self.access
    }

    async fn vault_keys(&self, vault: VaultAddress) -> Result<VaultKeysAnswer, Error> {
        self.vault_calls.fetch_add(1, Ordering::SeqCst);
        self.mood()?;
        Ok(VaultKeysAnswer {
            vault: vault.url(),
            signed_in: "stand-in".into(),
            keys: Vec::new(),
            left_out: 0,
        })
    }

    async fn vault_kek(&self, kid: Kid) -> Result<VaultKek, Error> {
        self.vault_calls.fetch_add(1, Ordering::SeqCst);
        self.mood()?;
        Ok(VaultKek {
            kid: kid.as_str().into(),
            document: "{}".into(),
        })
    }

    async fn create_kek(
        &self,
        kek: NewKek,
        approved: impl FnOnce() + Send + 'static,
    ) -> Result<VaultKek, Error> {
        self.vault_calls.fetch_add(1, Ordering::SeqCst);
        self.mood()?;
        self.person.acquire().await.unwrap().forget();
        approved();
        self.device.acquire().await.unwrap().forget();
        Ok(VaultKek {
            kid: kek.vault.kid(&kek.name, None),
            document: "{}".into(),
        })
    }

    async fn import(
        &self,
        order: ImportOrder,
        tell: impl Fn(VaultImportEvent) + Send + Sync + 'static,
    ) -> Result<VaultImportAnswer, Error> {
        let observe = |stage| tell(VaultImportEvent::Stage { stage });
        self.vault_calls.fetch_add(1, Ordering::SeqCst);
        observe(ImportStage::Checking);
        self.mood()?;
        observe(ImportStage::Approving);
        self.person.acquire().await.unwrap().forget();
        observe(ImportStage::Importing);
        self.device.acquire().await.unwrap().forget();
        observe(ImportStage::Verifying);
        self.wraps_recorded.fetch_add(1, Ordering::SeqCst);
        Ok(VaultImportAnswer {
            file_sha256: crate::digest::sha256_hex(&order.file),
            kid: VaultAddress::of(order.blob.kid()).kid(&order.name, None),
            target: TargetKind::Aes256,
            settled: false,
            verification: Verification {
                public_key: PublicKeyCheck::NoneToSee,
                private_key: PrivateKeyCheck::NotDone,
                algorithm: None,
                findings: Vec::new(),
            },
            audit: WrapRecord {
                seq: 1,
                hash: "00".into(),
            },
        })
    }

    async fn retire_kek(
        &self,
        kid: Kid,
        how: Retirement,
        approved: impl FnOnce() + Send + 'static,
    ) -> Result<RetirementAnswer, Error> {
        self.vault_calls.fetch_add(1, Ordering::SeqCst);
        self.mood()?;
        self.person.acquire().await.unwrap().forget();
        approved();
        Ok(RetirementAnswer {
            kid: kid.as_str().into(),
            how,
        })
    }
}
