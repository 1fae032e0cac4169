//! `vault kek show`: a KEK straight from the vault, examined by every rule.

use std::path::{Path, PathBuf};

use clap::Args;
use keyferry_core::{Examination, Kek, KekSource, KeyName};

use crate::Error;
use crate::cli::args::Global;
use crate::cli::kek;
use crate::cli::online::Online;
use crate::cli::out::Out;
use crate::cli::output_file::{Existing, OutputFile};
use crate::cli::run::Ending;
use crate::error::shown;
use crate::vault::{VaultClient, VaultKey};

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The vault's or Managed HSM's address
    #[arg(long, value_name = "URL")]
    vault: String,
    /// The KEK's name
    #[arg(long, value_name = "NAME")]
    name: KeyName,
    /// Its version [default: the newest]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Write the vault's document, which `kek` and `wrap` read
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    online: Online,
}

pub(super) async fn run(global: &Global, arguments: &Show, out: &Out) -> Result<Ending, Error> {
    let settings = global.settings()?;
    let admission = settings.file.admission(None)?;
    let client = arguments
        .online
        .connect(&settings.state, admission, &arguments.vault, out)?;
    let version = arguments.version.as_deref();
    let key = client.show(&arguments.name, version).await?;
    let existing = if arguments.force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    save(&key, arguments.out.as_deref(), existing, out)?;
    Ok(verdict(&client, &key, out))
}

/// Writes the document that the KEK step reads.
pub(super) fn save(
    key: &VaultKey,
    path: Option<&Path>,
    existing: Existing,
    out: &Out,
) -> Result<(), Error> {
    let Some(path) = path else { return Ok(()) };
    OutputFile::check(path, existing)?.write(&key.document)?;
    out.line(&format!("Written to {}", shown(path)));
    Ok(())
}

/// Core's verdict on a KEK as the vault has it.
pub(super) fn examine(client: &VaultClient, key: &VaultKey) -> Examination {
    Kek::examine(&KekSource {
        document: &key.document,
        beside: None,
        kid: None,
        now: kek::now(),
        admission: client.admission(),
    })
}

/// Prints the verdict as `kek` does.
pub(super) fn verdict(client: &VaultClient, key: &VaultKey, out: &Out) -> Ending {
    kek::tell(&examine(client, key), out)
}
