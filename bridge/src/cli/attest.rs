//! `attest`: was this KEK made in an Azure Managed HSM, and in whose?

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use keyferry_core::{
    Admission, AttestationSource, AttestationVerdict, AttestedKek, AuditEntry, AuditEvent,
    Examination, HardwareVerdict, Kek, KekSource, KeyVerdict, Kid, MAX_ATTESTATION,
    MAX_KEK_DOCUMENT, Outcome, OwnerFingerprint, PoolVerdict, Requester, TrustedRoots,
    verify_attestation, visible,
};
use serde::Serialize;

use super::args::Global;
use super::out::Out;
use super::run::Ending;
use super::{document, settings};
use crate::Error;
use crate::approve::{PoolQuestion, Prompter};
use crate::audit_log::AuditLog;
use crate::clock;
use crate::pool::PoolPins;
use crate::state::StateFolder;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Attest {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    evidence: Option<Evidence>,
    /// The fingerprint of your pool's owner certificate, in place of the one that was kept
    #[arg(long, value_name = "SHA256", conflicts_with = "pin_file")]
    pin: Option<String>,
    /// A file that holds that fingerprint
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Evidence {
    /// What `az keyvault key get-attestation` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The KEK's document [default: the key in FILE]
    #[arg(long, value_name = "FILE")]
    kek: Option<PathBuf>,
    /// The KEK's identifier, when its document has none
    #[arg(long, value_name = "URL")]
    kid: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the fingerprint of the pool's owner certificate, and keep it once you have compared it
    Pin(Evidence),
}

/// What `attest pin --json` prints.
#[derive(Serialize)]
struct Pinned {
    vault: String,
    fingerprint_sha256: String,
    first_use: bool,
}

pub(super) fn run(global: &Global, arguments: &Attest, out: &Out) -> Result<Ending, Error> {
    let Some(evidence) = &arguments.evidence else {
        return Err(Error::Usage("say which file: attest FILE".to_owned()));
    };
    let given = pin(arguments)?;
    let evidence = Loaded::read(global, evidence)?;
    let pin = match (given, &evidence.kid, &evidence.state) {
        (Some(pin), ..) => Some(pin),
        (None, Some(kid), Some(state)) => PoolPins::read(state)?.of(kid),
        (None, ..) => None,
    };
    let verdict = evidence.verify(pin)?;
    if out.is_json() {
        out.object(&verdict);
    } else {
        show(&verdict, out);
    }
    Ok(if verdict.is_good() {
        Ending::Good
    } else {
        Ending::Negative
    })
}

/// True when the verb asks, and so needs a runtime.
pub(super) fn pins(arguments: &Attest) -> bool {
    arguments.action.is_some()
}

/// `attest pin`: verifies, asks, keeps.
pub(super) async fn keep(global: &Global, arguments: &Attest, out: &Out) -> Result<Ending, Error> {
    let Some(Action::Pin(evidence)) = &arguments.action else {
        return Err(Error::Internal("attest pin without its action"));
    };
    let evidence = Loaded::read(global, evidence)?;
    let verdict = evidence.verify(None)?;
    let owner = verdict.pool.fingerprint_sha256.as_deref();
    let (Some(kid), Some(owner), true) = (&evidence.kid, owner, verdict.is_good()) else {
        if !out.is_json() {
            show(&verdict, out);
        }
        return Err(Error::NothingToPin);
    };
    let pin: OwnerFingerprint = owner.parse()?;
    let settings = global.settings()?;
    let mut pins = PoolPins::read(settings.state.path())?;
    let known = pins.of(kid);
    if known != Some(pin) {
        let audit = AuditLog::open(&settings.state)?;
        let question = PoolQuestion {
            vault: kid.vault_url(),
            fingerprint: pin,
            replaces: known,
        };
        keep_if_approved(
            &settings::prompter(&settings)?,
            &question,
            kid,
            &mut pins,
            &audit,
        )
        .await?;
    }
    if out.is_json() {
        out.object(&Pinned {
            vault: kid.vault_url(),
            fingerprint_sha256: pin.to_string(),
            first_use: known.is_none(),
        });
    } else {
        out.line(&format!("{} is pinned to", visible(&kid.vault_url())));
        out.line(&format!("  {}", pin.grouped()));
    }
    Ok(Ending::Good)
}

/// The record tells of every answer; a yes is on disk before the pin counts.
async fn keep_if_approved(
    prompter: &Prompter,
    question: &PoolQuestion,
    kid: &Kid,
    pins: &mut PoolPins,
    audit: &AuditLog,
) -> Result<(), Error> {
    let answer = prompter.confirm_pool(question).await;
    let outcome = if answer.is_ok() {
        Outcome::Done
    } else {
        Outcome::Refused
    };
    let mut entry = AuditEntry::new(AuditEvent::PoolPinned, outcome, Requester::CommandLine);
    entry.kid = Some(kid.as_str().to_owned());
    entry.code = answer.as_ref().err().map(|error| error.code().to_owned());
    entry.approval = answer.as_ref().ok().copied();
    entry.pool_fingerprint_sha256 = Some(question.fingerprint.to_string());
    audit.append(entry).await?;
    answer?;
    pins.keep(kid, question.fingerprint)
}

/// The files, read, and the KEK's identifier.
struct Loaded {
    document: Vec<u8>,
    examination: Examination,
    kid: Option<Kid>,
    state: Option<PathBuf>,
}

impl Loaded {
    fn read(global: &Global, evidence: &Evidence) -> Result<Self, Error> {
        let admission = global.admission()?;
        let document = document::read(&evidence.file, MAX_ATTESTATION)?;
        let examination = match &evidence.kek {
            Some(file) => {
                let bytes = document::read(file, MAX_KEK_DOCUMENT)?;
                let examination = examine(&bytes, evidence.kid.as_deref(), &admission);
                // A KEK that was given by name has to be one that can be compared with.
                if examination.numbers.is_none() {
                    return Err(refusal(&bytes, evidence.kid.as_deref(), &admission));
                }
                examination
            }
            None => examine(&document, evidence.kid.as_deref(), &admission),
        };
        let kid = examination
            .verdict
            .kid
            .as_deref()
            .map(|kid| Kid::parse(kid, &admission))
            .transpose()?;
        Ok(Self {
            document,
            examination,
            kid,
            state: StateFolder::place(global.state.as_deref()),
        })
    }

    fn verify(&self, pin: Option<OwnerFingerprint>) -> Result<AttestationVerdict, Error> {
        let path = self.kid.as_ref().and_then(Kid::path);
        let numbers = self.examination.numbers.as_ref();
        Ok(verify_attestation(&AttestationSource {
            document: &self.document,
            kek: numbers.map(|numbers| AttestedKek::of_numbers(numbers, path.as_deref())),
            pin,
            roots: &TrustedRoots::marvell(),
            now: clock::now().ok_or(Error::Internal("the clock stands before 1970"))?,
        }))
    }
}

fn examine(bytes: &[u8], kid: Option<&str>, admission: &Admission) -> Examination {
    Kek::examine(&source(bytes, kid, admission))
}

fn refusal(bytes: &[u8], kid: Option<&str>, admission: &Admission) -> Error {
    match Kek::admit(&source(bytes, kid, admission)) {
        Err(error) => error.into(),
        Ok(_) => Error::Internal("an admitted KEK has no numbers"),
    }
}

fn source<'a>(bytes: &'a [u8], kid: Option<&'a str>, admission: &'a Admission) -> KekSource<'a> {
    KekSource {
        document: bytes,
        beside: None,
        kid,
        now: clock::now(),
        admission,
    }
}

/// The pin that was given, if one was.
fn pin(arguments: &Attest) -> Result<Option<OwnerFingerprint>, Error> {
    const MAX_PIN_FILE: usize = 4096;
    let parse = |text: &str, from: &str| {
        text.parse()
            .map(Some)
            .map_err(|error: keyferry_core::Error| Error::Usage(format!("{from}: {error}")))
    };
    match (&arguments.pin, &arguments.pin_file) {
        (Some(text), _) => parse(text, "--pin"),
        (None, Some(file)) => {
            let bytes = document::read(Path::new(file), MAX_PIN_FILE)?;
            parse(&String::from_utf8_lossy(&bytes), "--pin-file")
        }
        (None, None) => Ok(None),
    }
}

/// Three lines, never one light for all.
pub(super) fn show(verdict: &AttestationVerdict, out: &Out) {
    let hardware = match verdict.hardware.verdict {
        HardwareVerdict::Genuine => "genuine",
        HardwareVerdict::Refused => "REFUSED",
        HardwareVerdict::NotAvailable => "not available",
    };
    let key = match verdict.key.verdict {
        KeyVerdict::MadeInside => "made inside",
        KeyVerdict::Refused => "REFUSED",
        KeyVerdict::NotChecked => "not checked",
    };
    let (pool, why) = match verdict.pool.verdict {
        PoolVerdict::Pinned => ("yours", "its owner certificate is the one that you pinned"),
        PoolVerdict::Mismatch => (
            "MISMATCH",
            "its owner certificate is not the one that you pinned",
        ),
        PoolVerdict::NotVerified => (
            "NOT VERIFIED",
            "whose pool it is was not checked; see `keyferry attest pin`",
        ),
    };
    let line = |good: bool, name: &str, word: &str, why: &str| {
        out.verdict(good, &format!("{name:<10}{word}: {why}"));
    };
    line(
        verdict.hardware.verdict == HardwareVerdict::Genuine,
        "Hardware",
        hardware,
        &verdict.hardware.why,
    );
    line(
        verdict.key.verdict == KeyVerdict::MadeInside,
        "KEK",
        key,
        &verdict.key.why,
    );
    line(
        verdict.pool.verdict == PoolVerdict::Pinned,
        "Pool",
        pool,
        why,
    );
    if let Some(fingerprint) = &verdict.pool.fingerprint_sha256
        && let Ok(fingerprint) = fingerprint.parse::<OwnerFingerprint>()
    {
        out.line(&format!("  Owner certificate  {}", fingerprint.grouped()));
    }
    for finding in &verdict.findings {
        out.finding(finding);
    }
}
