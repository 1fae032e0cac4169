//! The course of a transfer, step by step; each is told with its time, and its end is on disk before
//! the next begins. No spinner turns meanwhile: prompts use the same terminal.

use std::future::ready;
use std::time::{Duration, Instant};

use keyferry_core::{
    ImportPlan, ImportType, Kek, KeyInfo, KeyName, Kid, MAX_BLOB, MAX_RECEIPT, Receipt, Requester,
    TargetKind, VaultAddress, check_file, visible,
};

use super::folder::{Held, write};
use super::memo::Progress;
use super::report::{Report, StepTaken, Times, stopped};
use super::{Transfer, consent};
use crate::Error;
use crate::approve::Prompter;
use crate::audit_log::AuditLog;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::cli::steps::Steps;
use crate::cli::vault::import::{admit, kek_of_kid, words, write_import, write_receipt};
use crate::cli::{document, settings, wrap};
use crate::config::Settings;
use crate::error::shown;
use crate::hsm::Hsm;
use crate::session::TokenSession;
use crate::stopwatch::Stopwatch;
use crate::transfer::{self, TransferOrder, find_key};
use crate::vault::{
    Expected, ImportSubject, KekWishes, Outward, Recorded, TransferId, VaultClient, VaultKey,
};

/// A transfer under way.
pub(super) struct Course<'a> {
    arguments: &'a Transfer,
    settings: Settings,
    prompter: Prompter,
    audit: AuditLog,
    session: TokenSession,
    client: VaultClient,
    held: Held,
    id: TransferId,
    out: &'a Out,
    steps: Steps,
    taken: Vec<StepTaken>,
    begun: Instant,
    /// Time of people at prompts.
    asked: Stopwatch,
    /// Time until files were on disk.
    disk: Stopwatch,
}

/// The file and what is known of it.
struct Wrapped {
    file: Vec<u8>,
    receipt: Receipt,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        settings: Settings,
        arguments: &'a Transfer,
        held: Held,
        out: &'a Out,
    ) -> Result<Self, Error> {
        let admission = settings.file.admission(None)?;
        let outward: Outward = arguments.online.outward(&settings.state, admission, out)?;
        let vault = VaultAddress::parse(&held.memo.vault, outward.admission())
            .map_err(|error| stopped("vault", &held, error.into()))?;
        let client = outward
            .connect(&vault)
            .map_err(|error| stopped("vault", &held, error.into()))?;
        let prompter = settings::prompter(&settings)?;
        let damaged = |_| Error::Internal("a transfer without an id");
        Ok(Self {
            id: held.memo.id.parse().map_err(damaged)?,
            arguments,
            audit: AuditLog::open(&settings.state)?,
            session: TokenSession::new(&settings, prompter.clone()),
            settings,
            prompter,
            client,
            held,
            out,
            steps: Steps::new(*out),
            taken: Vec::new(),
            begun: Instant::now(),
            asked: Stopwatch::default(),
            disk: Stopwatch::default(),
        })
    }

    pub(super) async fn run(mut self) -> Result<Ending, Error> {
        if let Progress::Verified { imported } = &self.held.memo.progress {
            return Err(Error::Usage(format!(
                "this transfer is done: {} was imported and verified",
                visible(imported)
            )));
        }
        self.steps.headline(&format!(
            "Transfer {} to {}, signed in by {}",
            self.held.memo.id,
            self.client.vault(),
            self.client.credential()
        ));
        let wrapped = match self.held.memo.progress {
            Progress::Begun | Progress::KekAsked | Progress::KekReady { .. } => {
                let key = self.step("key", Self::key).await?;
                let kek = self.step("kek", async |this| this.kek(&key).await).await?;
                self.step("wrap", async |this| this.wrap(kek).await).await?
            }
            _ => self.step("file", Self::file).await?,
        };
        let key = self
            .step("import", async |this| this.import(&wrapped).await)
            .await?;
        let mut report = self
            .step("verify", async |this| this.verify(wrapped, key).await)
            .await?;
        report.steps = std::mem::take(&mut self.taken);
        report.times = self.times().await;
        Ok(report.tell(self.out))
    }

    /// One step: its time is kept, its failure says what is left and how to go on.
    async fn step<T>(
        &mut self,
        name: &'static str,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let done = work(self).await;
        self.taken.push(StepTaken::new(name, begun.elapsed()));
        done.map_err(|error| stopped(name, &self.held, error))
    }

    /// The key is there, can travel, and what is wished for it fits its kind: before anything is made.
    async fn key(&mut self) -> Result<KeyInfo, Error> {
        let begun = Instant::now();
        let key = find_key(&self.session.keys(&self.audit).await?, &self.held.memo.key)?;
        let target: TargetKind = key.kind.parse()?;
        self.plan(ImportType::of(target))?;
        self.steps.took(
            "key",
            &format!("{} ({target}), can travel", shown(&key.label)),
            begun.elapsed(),
        );
        let name = match &self.held.memo.name {
            Some(name) => KeyName::parse(name)?,
            None => KeyName::from_label(&key.label),
        };
        if name == KeyName::parse(&self.held.memo.kek.name)? {
            return Err(Error::Usage(format!(
                "{name} is the KEK's name; give the key another one with --name"
            )));
        }
        if self.held.memo.name.is_none() {
            self.held.memo.name = Some(name.as_str().to_owned());
            self.go_on(self.held.memo.progress.clone())?;
        }
        Ok(key)
    }

    /// The KEK: made, found again, or taken as it is; examined in any case.
    async fn kek(&mut self, _key: &KeyInfo) -> Result<Kek, Error> {
        let begun = Instant::now();
        let name = KeyName::parse(&self.held.memo.kek.name)?;
        let key = match self.held.memo.progress.clone() {
            Progress::KekReady { kid } => {
                let kid = Kid::parse(&kid, self.client.admission())?;
                self.client.show(&name, kid.version()).await?
            }
            asked => match self.held.memo.kek.create_bits {
                None => self.client.show(&name, None).await?,
                Some(bits) => {
                    self.make_kek(&name, bits, asked == Progress::KekAsked)
                        .await?
                }
            },
        };
        let kek = admit(&self.client, &key, None)?;
        self.go_on(Progress::KekReady { kid: key.kid })?;
        self.steps.took(
            "kek",
            &format!(
                "RSA {} bits, {}",
                kek.bits().bits(),
                shown(kek.kid().as_str())
            ),
            begun.elapsed(),
        );
        self.steps
            .line("", &format!("thumbprint {}", kek.thumbprint().grouped()));
        Ok(kek)
    }

    async fn make_kek(
        &mut self,
        name: &KeyName,
        bits: u32,
        may_exist: bool,
    ) -> Result<VaultKey, Error> {
        let bits = keyferry_core::KekBits::from_bits(bits)
            .ok_or_else(|| Error::Usage("a KEK has 2048, 3072 or 4096 bits".to_owned()))?;
        let mut wishes = KekWishes::default();
        self.id.mark_kek(&mut wishes.tags);
        if may_exist && let Some((key, _)) = self.recorded(None).settle_kek(name, &wishes).await? {
            return Ok(key);
        }
        self.go_on(Progress::KekAsked)?;
        let made = self.recorded(None).create_kek(name, bits, &wishes).await?;
        Ok(made.key)
    }

    /// Wraps, and puts file and receipt on disk.
    async fn wrap(&mut self, kek: Kek) -> Result<Wrapped, Error> {
        let begun = Instant::now();
        let kid = kek.kid().as_str().to_owned();
        let name = KeyName::parse(&self.held.memo.kek.name)?;
        let attestation = match kek.kid().version() {
            Some(version) => self.client.attestation(&name, version).await?,
            None => None,
        };
        let mut consent = wrap::Shown {
            flag: wrap::flag(
                self.arguments.expect_kek.as_deref(),
                self.arguments.yes.into(),
            )?,
            prompter: self.prompter.clone(),
            out: self.out,
        };
        let order = TransferOrder {
            kek,
            key: self.held.memo.key.clone(),
            asked_by: Requester::CommandLine,
            software: self.settings.software,
            // What no self-test proved is wrapped by `wrap --unproven`, and imported by itself.
            unproven: None,
            attestation,
        };
        let mut timed = consent::Timed {
            inner: &mut consent,
            asked: self.asked.clone(),
        };
        let done = transfer::wrap(
            &self.session,
            order,
            &mut timed,
            &self.audit,
            |_| {},
            ready(()),
        )
        .await?;
        let file = done.blob.to_bytes();
        let receipt = done.receipt(&file);
        let path = self.held.file();
        self.disk.time_blocking(|| {
            write(&path, &file)?;
            write_receipt(&receipt, &wrap::receipt_beside(&path))
        })?;
        self.go_on(Progress::Wrapped { kid })?;
        self.steps.took(
            "wrap",
            &format!(
                "with {} (self-test {}), in {}",
                done.strategy,
                done.self_test,
                shown(&path)
            ),
            begun.elapsed(),
        );
        done.findings
            .iter()
            .for_each(|finding| self.out.finding(finding));
        Ok(Wrapped { file, receipt })
    }

    /// File and receipt of an earlier run, as they were written.
    async fn file(&mut self) -> Result<Wrapped, Error> {
        let path = self.held.file();
        let file = document::read(&path, MAX_BLOB)?;
        let beside = wrap::receipt_beside(&path);
        let receipt = Receipt::parse(&document::read(&beside, MAX_RECEIPT)?)?;
        receipt.check_file(&file)?;
        self.steps.line("file", &shown(&path));
        Ok(Wrapped { file, receipt })
    }

    /// Imports, or finds that an earlier run had.
    async fn import(&mut self, wrapped: &Wrapped) -> Result<VaultKey, Error> {
        let begun = Instant::now();
        let name = self.name(wrapped)?;
        let kind = ImportType::of(wrapped.receipt.target);
        let plan = self.plan(kind)?;
        let subject = subject(wrapped);
        let kek = wrapped.receipt.kid.clone();
        let key = match self.held.memo.progress.clone() {
            Progress::Imported { imported, .. } => {
                let kid = Kid::parse(&imported, self.client.admission())?;
                self.client.show(&name, kid.version()).await?
            }
            asked => {
                let settled = if matches!(asked, Progress::ImportAsked { .. }) {
                    let recorded = self.recorded(None);
                    recorded.settle_import(&name, &plan, &subject).await?
                } else {
                    None
                };
                match settled {
                    Some((key, _)) => key,
                    None => self.send(wrapped, &name, &plan, &subject).await?,
                }
            }
        };
        self.go_on(Progress::Imported {
            kid: kek,
            imported: key.kid.clone(),
        })?;
        self.steps.took("import", &shown(&key.kid), begun.elapsed());
        Ok(key)
    }

    async fn send(
        &mut self,
        wrapped: &Wrapped,
        name: &KeyName,
        plan: &ImportPlan,
        subject: &ImportSubject,
    ) -> Result<VaultKey, Error> {
        let receipt = &wrapped.receipt;
        let kid = receipt.kek(self.client.admission())?;
        let noted = Some(receipt.kek_thumbprint_sha256.as_str());
        let kek = kek_of_kid(&self.client, &kid, noted).await?;
        let blob = keyferry_core::Blob::parse(&wrapped.file, self.client.admission())?;
        check_file(&blob, self.client.vault(), plan.kind(), Some(kek.bits()))?;
        let approval = self
            .asked
            .time(consent::of_import(
                self.arguments,
                &self.prompter,
                &self.client,
                name,
                plan,
                subject,
                receipt.target,
            ))
            .await?;
        self.go_on(Progress::ImportAsked {
            kid: receipt.kid.clone(),
        })?;
        let recorded = self.recorded(approval);
        let made = recorded.import(name, plan, &wrapped.file, subject).await?;
        Ok(made.key)
    }

    /// Compares, and writes the receipt's last word.
    async fn verify(&mut self, wrapped: Wrapped, key: VaultKey) -> Result<Report, Error> {
        let begun = Instant::now();
        let name = self.name(&wrapped)?;
        let subject = subject(&wrapped);
        let target = wrapped.receipt.target;
        let expected = Expected {
            kind: ImportType::of(target),
            spki: subject.spki.as_deref(),
        };
        let kek = wrapped.receipt.kid.clone();
        let (verification, line) = self
            .recorded(None)
            .verify(&name, &key, expected, &subject)
            .await?;
        let beside = wrap::receipt_beside(&self.held.file());
        let receipt = wrapped.receipt;
        self.disk.time_blocking(|| {
            write_import(receipt, &beside, &key.kid, Some(&verification), &line)
        })?;
        self.go_on(Progress::Verified {
            imported: key.kid.clone(),
        })?;
        self.steps
            .took("verify", &words(&verification), begun.elapsed());
        Ok(Report {
            id: self.held.memo.id.clone(),
            vault: self.client.vault().url(),
            kek,
            kid: key.kid,
            target,
            file: self.held.file().to_string_lossy().into_owned(),
            receipt: beside.to_string_lossy().into_owned(),
            credential: self.client.credential().to_string(),
            holds: verification.holds(),
            verification,
            steps: Vec::new(),
            times: Times::default(),
        })
    }

    /// Whose time it was.
    async fn times(&self) -> Times {
        let hsm = match self.session.token() {
            Some(_) => self.session.hsm().await.map_or(Duration::ZERO, Hsm::waited),
            None => Duration::ZERO,
        };
        let times = [
            hsm,
            self.client.waited(),
            self.asked.total(),
            self.audit.waited() + self.disk.total(),
        ];
        let others: Duration = times.iter().sum();
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let [hsm, vault, people, disk] = times.map(milliseconds);
        Times {
            hsm,
            vault,
            people,
            disk,
            own: milliseconds(self.begun.elapsed().saturating_sub(others)),
        }
    }

    fn plan(&self, kind: ImportType) -> Result<ImportPlan, Error> {
        let mut wishes = keyferry_core::ImportWishes::from(&self.held.memo.wishes);
        self.id.mark(&mut wishes.tags);
        Ok(ImportPlan::new(kind, wishes)?)
    }

    fn name(&self, wrapped: &Wrapped) -> Result<KeyName, Error> {
        match &self.held.memo.name {
            Some(name) => Ok(KeyName::parse(name)?),
            None => Ok(KeyName::from_label(&wrapped.receipt.key_label)),
        }
    }

    fn go_on(&mut self, progress: Progress) -> Result<(), Error> {
        self.held.memo.progress = progress;
        self.disk.time_blocking(|| self.held.save())
    }

    fn recorded(&self, approval: Option<keyferry_core::ApprovalKind>) -> Recorded<'_> {
        Recorded {
            client: &self.client,
            audit: &self.audit,
            asked_by: Requester::CommandLine,
            approval,
        }
    }
}

fn subject(wrapped: &Wrapped) -> ImportSubject {
    let receipt = &wrapped.receipt;
    ImportSubject {
        file_sha256: receipt.file_sha256.clone(),
        kek: receipt.kid.clone(),
        kek_thumbprint_sha256: Some(receipt.kek_thumbprint_sha256.clone()),
        target: Some(receipt.target),
        key_label: Some(receipt.key_label.clone()),
        key_id: Some(receipt.key_id.clone()),
        spki: receipt.spki_der(),
    }
}
