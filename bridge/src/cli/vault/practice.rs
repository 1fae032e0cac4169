//! `vault practice`: a practice vault that runs until it is stopped, for other programs of this
//! state folder.

use clap::Args;
use futures_util::FutureExt;
use serde::Serialize;

use crate::Error;
use crate::cli::args::Global;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::cli::{log, serve};
use crate::error::shown;
use crate::state::StateFolder;
use crate::vault::practice::{Announcement, Faults, Flavour, PracticeOptions, PracticeVault};

#[derive(Debug, Args)]
#[command(after_help = format!(
    "FAULTS: NAME[@CALL][:N|:always], separated by commas, as in 429:2,lost,403-rbac@create.\n\
     NAME: {}.\nCALL: any, create, import, get, list, update, delete, use.",
    Faults::names().collect::<Vec<_>>().join(", ")
))]
pub(super) struct Practice {
    /// Address of this machine to listen on; port 0 lets the system choose
    #[arg(long, value_name = "127.0.0.1:PORT", default_value = "127.0.0.1:0")]
    listen: String,
    /// Play a Managed HSM, not a Key Vault
    #[arg(long)]
    managed_hsm: bool,
    /// What to do wrong
    #[arg(long, value_name = "FAULTS")]
    fault: Option<Faults>,
}

/// What `--json` prints at the start.
#[derive(Serialize)]
struct Start {
    practice: bool,
    url: String,
    service: &'static str,
    faults: Option<String>,
    file: String,
    ca_file: String,
}

pub(super) async fn run(global: &Global, arguments: &Practice, out: &Out) -> Result<Ending, Error> {
    log::begin();
    let listen = serve::loopback(&arguments.listen)?;
    let folder = StateFolder::open(global.state.as_deref())?.folder("practice")?;
    let options = PracticeOptions {
        listen,
        flavour: if arguments.managed_hsm {
            Flavour::ManagedHsm
        } else {
            Flavour::Vault
        },
        faults: arguments.fault.clone().unwrap_or_default(),
    };
    let vault = PracticeVault::start_with(options).await?;
    let mut stopped = std::pin::pin!(serve::stopped());
    // Listened for from now on: a Ctrl-C right after the start line removes the files too.
    let _ = (&mut stopped).now_or_never();
    let announcement = Announcement::make(&folder, &vault)?;
    say(&vault, &announcement, arguments.fault.as_ref(), out);
    stopped.await;
    drop(announcement);
    drop(vault);
    out.note("Stopped; the practice vault and what it held are gone.");
    Ok(Ending::Good)
}

fn say(vault: &PracticeVault, announcement: &Announcement, faults: Option<&Faults>, out: &Out) {
    let faults = faults.map(ToString::to_string);
    if out.is_json() {
        out.object(&Start {
            practice: true,
            url: vault.base_url(),
            service: vault.flavour().name(),
            faults,
            file: announcement.document().to_string_lossy().into_owned(),
            ca_file: announcement.ca().to_string_lossy().into_owned(),
        });
        return;
    }
    let what = match vault.flavour() {
        Flavour::Vault => "Practice vault",
        Flavour::ManagedHsm => "Practice Managed HSM",
    };
    out.line(&format!(
        "{what} at {}: practice only, nothing reaches Azure. Ctrl-C ends it.",
        vault.base_url()
    ));
    out.line("Its keys live in memory and are gone when it ends. Keyferry with this state folder knows it.");
    out.line(&format!(
        "Other programs need its certificate authority, which nothing trusts by itself: {}",
        shown(announcement.ca())
    ));
    if let Some(faults) = faults {
        out.line(&format!("It does these things wrong: {faults}"));
    }
}
