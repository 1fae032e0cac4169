//! `demo`: the whole way at once, with a software token and a practice vault. Nothing of it is hardware, and
//! nothing goes to Azure.

mod journey;

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use keyferry_core::{
    ApprovalKind, AuditEntry, AuditEvent, Kek, KekBits, KekSource, KeygenOrder, Outcome,
    PracticeInfo, Requester, TargetKind,
};
use serde::Serialize;

use self::journey::{Journey, Travelled};
use super::args::{self, Global};
use super::out::Out;
use super::output_file::{Existing, OutputFile};
use super::run::Ending;
use super::steps::Steps;
use super::{browser, log, serve};
use crate::Error;
use crate::approve::{Place, Prompter};
use crate::audit_log::AuditLog;
use crate::clock;
use crate::config::{IdleRules, ServeConfig, Settings, VaultReach};
use crate::error::shown;
use crate::hsm::{Module, OpenRequest, TokenChoice};
use crate::server;
use crate::session::TokenSession;
use crate::vault::{PracticeTrust, PracticeVault, VaultClient};

/// The target keys; made when absent. The first two travel.
const KEYS: [(&str, TargetKind); 3] = [
    ("demo-rsa-3072", TargetKind::Rsa3072),
    ("demo-p-256", TargetKind::P256),
    ("demo-aes-256", TargetKind::Aes256),
];

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    practice: bool,
    software: bool,
    kek_file: String,
    transfers: Vec<Travelled>,
}

pub(super) async fn run(
    global: &Global,
    arguments: &args::Demo,
    out: &Out,
) -> Result<Ending, Error> {
    log::begin();
    let address = serve::loopback(&arguments.listen)?;
    let settings = settings(global, out)?;
    // Taken first: a port that is in use is told before minutes of work.
    let listener = serve::listen(address).await?;
    let steps = Steps::new(*out);
    steps.headline("Keyferry demonstration. Software token, practice only: no hardware, and nothing goes to Azure.");

    let prompter = Prompter::choose(&settings.file, Place::PinentryFirst)?;
    let audit = Arc::new(AuditLog::open(&settings.state)?);
    let session = Arc::new(TokenSession::new(&settings, prompter.clone()));
    let begun = steps.begin("opening the software token");
    let token = session.open().await?.info.clone();
    begun.done(
        "software token",
        &format!(
            "{} in {}",
            token.label,
            shown(settings.state.path().join("token"))
        ),
    );

    let vault = PracticeVault::start().await?;
    let client = VaultClient::practice(&vault)?;
    let (kek_json, kek) = practice_kek(&vault, &session, &audit, &settings, &steps).await?;

    let journey = Journey {
        session: &session,
        audit: &audit,
        client: &client,
        steps: &steps,
        kek: &kek,
        state: &settings.state,
    };
    let mut transfers = Vec::new();
    for (label, kind) in KEYS.into_iter().filter(|(_, kind)| !kind.is_aes()) {
        transfers.push(journey.travel(label, kind).await?);
    }
    if out.is_json() {
        let kek_file = settings
            .state
            .folder("practice")?
            .join("kek.json")
            .to_string_lossy()
            .into_owned();
        out.object(&Report {
            practice: true,
            software: true,
            kek_file,
            transfers,
        });
    }
    if arguments.once {
        return Ok(Ending::Good);
    }

    steps.headline("The page, with the same software token and practice vault:");
    audit
        .append(AuditEntry::new(
            AuditEvent::ServeStart,
            Outcome::Done,
            Requester::Demo,
        ))
        .await?;
    let (told, state) = (Out::new(false), settings.state.clone());
    // Outlives the server, and takes the address's file away with it.
    let address_file = Arc::new(Mutex::new(None));
    let keeper = Arc::clone(&address_file);
    let config = ServeConfig {
        session,
        state: settings.state.clone(),
        prompter,
        audit,
        admission: settings.file.admission(Some(vault.authority().clone()))?,
        software: settings.software,
        unproven: None,
        practice: Some(PracticeInfo {
            authority: vault.authority().authority(),
            kek: Some(kek_json),
        }),
        vaults: VaultReach::Practice(PracticeTrust::from(&vault)),
        idle: IdleRules::default(),
        offers: Vec::new(),
        on_ready: Box::new(move |ready| {
            let file = serve::tell(&told, &state, &ready, browser::has_display());
            *keeper.lock().unwrap_or_else(PoisonError::into_inner) = file;
        }),
    };
    server::run(listener, config, serve::stopped()).await?;
    drop(address_file);
    out.note("Stopped; the practice vault and what it held are gone.");
    Ok(Ending::Good)
}

/// The demonstration's settings: whatever the options say, the token is the embedded one.
fn settings(global: &Global, out: &Out) -> Result<Settings, Error> {
    if global.module.is_some() || global.token.is_some() || global.slot.is_some() {
        out.note("The demonstration uses its own software token; the module, token or slot given is left alone.");
    }
    let mut settings = global.settings()?;
    let module = Module::Embedded {
        state: settings.state.path().to_owned(),
    };
    settings.open = OpenRequest {
        module,
        token: TokenChoice::Only,
    };
    settings.pin_source = None;
    Ok(settings)
}

/// Makes the KEK and, in the meantime, the target keys; both take seconds.
async fn practice_kek(
    vault: &PracticeVault,
    session: &TokenSession,
    audit: &AuditLog,
    settings: &Settings,
    steps: &Steps,
) -> Result<(String, Kek), Error> {
    let keys_made: BoxFuture<'_, Result<(), Error>> = async {
        let begun = steps.begin("making target keys");
        let told = target_keys(session, audit).await?;
        begun.done("target keys", &told);
        Ok(())
    }
    .boxed();
    let kek_made: BoxFuture<'_, Result<_, Error>> = async {
        let begun = steps.begin("making the practice vault's KEK");
        let kid = vault.create_kek("KEKforBYOK", KekBits::B4096).await?;
        let json = vault.az_key_show_json(&kid)?;
        let path = settings.state.folder("practice")?.join("kek.json");
        OutputFile::check(&path, Existing::Replace)?.write(json.as_bytes())?;
        begun.done(
            "practice vault",
            &format!("{}, made an RSA-HSM-4096 KEK for import", vault.base_url()),
        );
        steps.line(
            "",
            &format!(
                "what `az keyvault key show` would print is in {}",
                shown(&path)
            ),
        );
        Ok(json)
    }
    .boxed();
    let ((), json) = futures_util::try_join!(keys_made, kek_made)?;

    let begun = steps.begin("examining the KEK");
    let admission = settings.file.admission(Some(vault.authority().clone()))?;
    let kek = Kek::admit(&KekSource {
        document: json.as_bytes(),
        beside: None,
        kid: None,
        now: clock::now(),
        admission: &admission,
    })?;
    begun.done(
        "KEK admitted",
        &format!(
            "RSA {} bits, {}",
            kek.bits().bits(),
            shown(kek.kid().as_str())
        ),
    );
    steps.line("", &format!("thumbprint {}", kek.thumbprint().grouped()));
    Ok((json, kek))
}

async fn target_keys(session: &TokenSession, audit: &AuditLog) -> Result<String, Error> {
    let present = session.keys(audit).await?;
    let mut told = Vec::new();
    for (label, kind) in KEYS {
        if present.iter().any(|key| key.label == label) {
            told.push(format!("{label} was there"));
            continue;
        }
        let order = KeygenOrder {
            kind,
            label: label.to_owned(),
        };
        session
            .generate(audit, &order, Requester::Demo, ApprovalKind::Practice)
            .await?;
        told.push(format!("{label} made"));
    }
    Ok(told.join(", "))
}
