//! `serve`: the page and its API, on this machine only.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use keyferry_core::{
    AuditEntry, AuditEvent, Outcome, PracticeAuthority, PracticeInfo, PromptWay, Requester, visible,
};
use tokio::net::TcpListener;

use super::args::{self, Global};
use super::out::Out;
use super::run::Ending;
use super::{announce, browser, log};
use crate::Error;
use crate::approve::{Place, Prompter};
use crate::audit_log::AuditLog;
#[cfg(feature = "vault")]
use crate::config::VaultReach;
use crate::config::{IdleRules, Ready, ServeConfig, Settings};
use crate::hsm::Module;
use crate::minutes::Minutes;
use crate::pin::PinSource;
use crate::profile;
use crate::server;
use crate::session::TokenSession;
use crate::state::StateFolder;
#[cfg(feature = "vault")]
use crate::vault::{PracticeTrust, practice::RunningPractice};

/// Minutes without use of the token after which it is locked, unless something else is said.
const LOCK_AFTER: Minutes = Minutes::whole(15);

pub(super) async fn run(
    global: &Global,
    arguments: &args::Serve,
    out: &Out,
) -> Result<Ending, Error> {
    log::begin();
    let address = loopback(&arguments.listen)?;
    let mut settings = global.settings()?;
    let listener = listen(address).await?;
    let prompter = Prompter::choose(&settings.file, Place::PinentryFirst)?;
    warn_when_locked(&settings, prompter.way(), out);
    if prompter.way() == PromptWay::None && settings.pin_source.is_none() {
        // Locked, even where the token could unlock itself: nobody here could be asked whether it may.
        settings.pin_source = Some(PinSource::Prompt);
    }
    let audit = Arc::new(AuditLog::open(&settings.state)?);
    audit
        .append(AuditEntry::new(
            AuditEvent::ServeStart,
            Outcome::Done,
            Requester::CommandLine,
        ))
        .await?;
    let session = Arc::new(TokenSession::new(&settings, prompter.clone()));

    // The module's own start may take its time while the page is loading.
    let early = Arc::clone(&session);
    tokio::spawn(async move {
        // A failure is told to whoever asks for the token first, by a second try.
        let _ = early.open().await;
    });

    #[cfg(feature = "vault")]
    let (vaults, practice) = vaults(arguments, &settings)?;
    #[cfg(not(feature = "vault"))]
    let practice = None::<PracticeAuthority>;
    let offers = match settings.open.module {
        Module::Embedded { .. } => profile::offers(),
        Module::Library { .. } => Vec::new(),
    };
    let (told, state, open) = (*out, settings.state.clone(), arguments.open);
    let offered = offers.clone();
    // Outlives the server, and takes the address's file away with it.
    let address_file = Arc::new(Mutex::new(None));
    let keeper = Arc::clone(&address_file);
    let config = ServeConfig {
        session,
        state: settings.state.clone(),
        prompter,
        audit,
        admission: settings.file.admission(practice.clone())?,
        software: settings.software,
        unproven: arguments.unproven,
        practice: practice.map(|authority| PracticeInfo {
            authority: authority.authority(),
            kek: None,
        }),
        #[cfg(feature = "vault")]
        vaults,
        idle: idle_rules(arguments, &settings),
        offers,
        on_ready: Box::new(move |ready| {
            let file = tell(&told, &state, &ready, open);
            *keeper.lock().unwrap_or_else(PoisonError::into_inner) = file;
            announce::offers(&told, &offered);
        }),
    };
    server::run(listener, config, stopped()).await?;
    drop(address_file);
    out.note("Stopped.");
    Ok(Ending::Good)
}

/// What the flags say, else the settings file, else: the token is locked after a quarter of an hour.
fn idle_rules(arguments: &args::Serve, settings: &Settings) -> IdleRules {
    let file = &settings.file;
    let lock_after = arguments.lock_after.or(file.lock_after_minutes);
    let exit_after = arguments.exit_when_idle.or(file.exit_when_idle_minutes);
    IdleRules {
        lock_after: lock_after.unwrap_or(LOCK_AFTER).duration(),
        exit_after: exit_after.and_then(Minutes::duration),
    }
}

/// What the page may have this run connect to. A practice vault that runs on the same state folder is known.
#[cfg(feature = "vault")]
fn vaults(
    arguments: &args::Serve,
    settings: &Settings,
) -> Result<(VaultReach, Option<PracticeAuthority>), Error> {
    if arguments.offline {
        return Ok((VaultReach::Nowhere, None));
    }
    let running = RunningPractice::find(&settings.state.folder("practice")?)?;
    let authority = running.as_ref().map(|running| running.authority.clone());
    let reach = VaultReach::Everywhere {
        credential: arguments.sign_in.credential,
        tenant: arguments.sign_in.tenant.clone(),
        practice: running.map(|running| PracticeTrust {
            authority: running.authority,
            ca_der: running.ca_der,
        }),
    };
    Ok((reach, authority))
}

/// The address to listen on, if it is this machine's own.
pub(super) fn loopback(text: &str) -> Result<SocketAddr, Error> {
    let address: SocketAddr = text.parse().map_err(|_| {
        Error::Usage(format!(
            "{} is no address with a port, such as 127.0.0.1:0",
            visible(text)
        ))
    })?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(Error::ListenNotLoopback {
            address: visible(text),
        })
    }
}

pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .await
        .map_err(|source| Error::ListenFailed {
            address: address.to_string(),
            source,
        })
}

/// Says where the page is, and opens it when asked.
pub(super) fn tell(
    out: &Out,
    state: &StateFolder,
    ready: &Ready,
    open: bool,
) -> Option<announce::AddressFile> {
    let file = announce::ready(out, state, ready);
    if open && !browser::open(&ready.launch_url) {
        out.note("No browser could be opened; open the address yourself.");
    }
    file
}

/// Ends on Ctrl-C, or when the system asks.
pub(super) async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn warn_when_locked(settings: &Settings, way: PromptWay, out: &Out) {
    if way != PromptWay::None {
        return;
    }
    out.note("There is no terminal and no pinentry to ask at: the bridge starts locked, and no wrap can be approved.");
    out.note("To approve wraps, start it in a terminal, or set pinentry = \"/absolute/path\" in");
    out.note(&format!(
        "  {}",
        crate::error::shown(settings.state.config_file())
    ));
    if settings
        .pin_source
        .as_ref()
        .is_none_or(|source| !source.is_unattended())
    {
        out.note("To unlock the token without a prompt, say --pin-source env:NAME, file:PATH, fd:N or protected.");
    }
}
