//! `vault kek create`: a KEK made in the vault.

use std::path::PathBuf;

use clap::Args;
use keyferry_core::{KekBits, KeyName, Requester};

use super::show;
use crate::Error;
use crate::audit_log::AuditLog;
use crate::cli::args::Global;
use crate::cli::online::Online;
use crate::cli::out::Out;
use crate::cli::output_file::{Existing, OutputFile};
use crate::cli::run::Ending;
use crate::moment::seconds as time;
use crate::vault::{KekWishes, Recorded, TransferId};

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The vault's or Managed HSM's address
    #[arg(long, value_name = "URL")]
    vault: String,
    /// The KEK's name; one that exists gets a new version
    #[arg(long, value_name = "NAME")]
    name: KeyName,
    /// 2048, 3072 or 4096 bits
    #[arg(long, value_name = "BITS", default_value = "4096", value_parser = bits)]
    size: KekBits,
    /// When it expires: 2026-11-25, 2026-11-25T08:00:00Z or seconds since 1970
    #[arg(long, value_name = "TIME", value_parser = time)]
    expires: Option<i64>,
    /// Write the vault's document, which `kek` and `wrap` read
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    online: Online,
}

pub(super) async fn run(global: &Global, arguments: &Create, out: &Out) -> Result<Ending, Error> {
    let settings = global.settings()?;
    if let Some(path) = &arguments.out {
        OutputFile::check(path, Existing::Keep)?;
    }
    let admission = settings.file.admission(None)?;
    let client = arguments
        .online
        .connect(&settings.state, admission, &arguments.vault, out)?;
    let mut wishes = KekWishes {
        expires: arguments.expires,
        ..KekWishes::default()
    };
    TransferId::random()?.mark_kek(&mut wishes.tags);
    let audit = AuditLog::open(&settings.state)?;
    let recorded = Recorded {
        client: &client,
        audit: &audit,
        asked_by: Requester::CommandLine,
        approval: None,
    };
    let made = recorded
        .create_kek(&arguments.name, arguments.size, &wishes)
        .await?;
    show::save(&made.key, arguments.out.as_deref(), Existing::Keep, out)?;
    Ok(show::verdict(&client, &made.key, out))
}

/// The sizes that a KEK may have.
pub(in crate::cli) fn bits(text: &str) -> Result<KekBits, String> {
    text.parse()
        .ok()
        .and_then(KekBits::from_bits)
        .ok_or_else(|| "a KEK has 2048, 3072 or 4096 bits".to_owned())
}
