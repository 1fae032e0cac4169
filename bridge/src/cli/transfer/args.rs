//! What `transfer` takes.

use std::path::PathBuf;

use clap::Args;
use keyferry_core::{KekBits, KeyName, KeySelector};

use super::memo::{Memo, MemoKek, Progress};
use crate::Error;
use crate::cli::online::Online;
use crate::cli::vault::import_options::ImportOptions;
use crate::cli::vault::kek_bits;
use crate::vault::TransferId;

#[derive(Debug, Args)]
pub(in crate::cli) struct Transfer {
    /// The key, by its label
    #[arg(long, value_name = "LABEL", required_unless_present_any = ["key_id", "resume"])]
    key: Option<String>,
    /// The key, by its id
    #[arg(long, value_name = "HEX", conflicts_with = "resume")]
    key_id: Option<String>,
    /// The vault's or Managed HSM's address
    #[arg(long, value_name = "URL", required_unless_present = "resume")]
    vault: Option<String>,
    /// The KEK's name in the vault
    #[arg(long, value_name = "NAME", required_unless_present = "resume")]
    kek: Option<KeyName>,
    /// Make the KEK: a new key, or a new version of that name
    #[arg(long)]
    create_kek: bool,
    /// The new KEK's size: 2048, 3072 or 4096 bits
    #[arg(long, value_name = "BITS", default_value = "4096", value_parser = kek_bits, requires = "create_kek")]
    size: KekBits,
    /// The key's name in the vault [default: by its label in the HSM]
    #[arg(long, value_name = "NAME")]
    name: Option<KeyName>,
    /// Go on with the transfer of this id, or with the one that is unfinished
    #[arg(long, value_name = "ID", num_args = 0..=1, conflicts_with_all = ["key", "vault", "kek", "create_kek", "name"])]
    pub(super) resume: Option<Option<String>>,
    /// Where the key transfer file goes [default: the state folder]
    #[arg(long, value_name = "FILE.byok")]
    out: Option<PathBuf>,
    /// Wrap without asking if the KEK has this thumbprint, refuse if not
    #[arg(long, value_name = "THUMBPRINT")]
    pub(super) expect_kek: Option<String>,
    /// Wrap and import without asking
    #[arg(long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(in crate::cli) options: ImportOptions,
    #[command(flatten)]
    pub(super) online: Online,
}

/// What is to be done, as the state file keeps it.
pub(super) fn memo(arguments: &Transfer) -> Result<Memo, Error> {
    let missing = || Error::Usage("say which key goes to which vault, or --resume".to_owned());
    let out = arguments
        .out
        .as_deref()
        .map(std::path::absolute)
        .transpose()
        .map_err(|_| Error::Usage("--out is no path".to_owned()))?;
    Ok(Memo {
        version: Memo::VERSION,
        id: TransferId::random()?.to_string(),
        key: KeySelector {
            label: arguments.key.clone(),
            id: arguments.key_id.clone(),
        },
        vault: arguments.vault.clone().ok_or_else(missing)?,
        kek: MemoKek {
            name: arguments
                .kek
                .as_ref()
                .ok_or_else(missing)?
                .as_str()
                .to_owned(),
            create_bits: arguments.create_kek.then(|| arguments.size.bits()),
        },
        name: arguments.name.as_ref().map(|name| name.as_str().to_owned()),
        wishes: arguments.options.wishes()?.into(),
        out,
        progress: Progress::Begun,
    })
}
