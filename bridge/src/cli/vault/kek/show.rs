//! `vault kek show`: a KEK straight from the vault, examined by every rule.

use std::path::{Path, PathBuf};

use clap::Args;
use keyferry_core::{
    AttestationVerdict, Examination, Kek, KekSource, KekVerdict, KeyName, TrustedRoots,
};
use serde::Serialize;

use crate::Error;
use crate::cli::args::Global;
use crate::cli::online::Online;
use crate::cli::out::Out;
use crate::cli::output_file::{Existing, OutputFile};
use crate::cli::run::Ending;
use crate::cli::{attest, kek};
use crate::clock;
use crate::error::shown;
use crate::pool::{Attested, PoolPins};
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
    /// Write the KEK's attestation, which `attest` and `wrap` read; a Managed HSM has one
    #[arg(long, value_name = "FILE")]
    attestation: Option<PathBuf>,
    /// Replace the files if they exist
    #[arg(long)]
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
    let examination = examine(&client, &key);
    let attestation = client.attestation(&arguments.name, &key.version).await?;
    if let (Some(path), Some(document)) = (&arguments.attestation, &attestation) {
        OutputFile::check(path, existing)?.write(document)?;
        out.line(&format!("Attestation written to {}", shown(path)));
    }
    let attested = match (&attestation, &examination.kek) {
        (Some(document), Some(kek)) => {
            let pin = PoolPins::read(settings.state.path())?.of(kek.kid());
            Some(Attested::verify(
                document,
                kek,
                pin,
                &TrustedRoots::marvell(),
            )?)
        }
        _ => None,
    };
    let attested = attested.as_ref().map(Attested::verdict);
    if out.is_json() {
        out.object(&Shown {
            kek: &examination.verdict,
            attestation: attested,
        });
    } else {
        kek::tell(&examination, out);
        out.line("");
        match attested {
            Some(verdict) => attest::show(verdict, out),
            None => out.line(
                "No attestation is available: nothing shows that this KEK lives in an Azure HSM.",
            ),
        }
    }
    let refused = attested.is_some_and(|verdict| !verdict.is_good());
    Ok(if examination.verdict.admitted && !refused {
        Ending::Good
    } else {
        Ending::Negative
    })
}

/// What `--json` prints: the verdict on the KEK, and on its attestation where there is one.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    kek: &'a KekVerdict,
    attestation: Option<&'a AttestationVerdict>,
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
        now: clock::now(),
        admission: client.admission(),
    })
}

/// Prints the verdict as `kek` does.
pub(super) fn verdict(client: &VaultClient, key: &VaultKey, out: &Out) -> Ending {
    kek::tell(&examine(client, key), out)
}
