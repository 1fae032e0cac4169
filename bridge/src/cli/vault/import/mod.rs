//! `vault import`: `.byok` files into a vault, and a look at what the vault then holds.

mod kek;
mod perform;
mod ready;
mod receipt;
mod report;

pub(in crate::cli) use kek::{admit, kek_of_kid};
pub(in crate::cli) use ready::import_action;
pub(in crate::cli) use receipt::{write_import, write_receipt};
pub(in crate::cli) use report::words;

use std::path::PathBuf;

use clap::Args;
use keyferry_core::KeyName;

use super::import_options::ImportOptions;
use crate::Error;
use crate::cli::args::Global;
use crate::cli::online::Online;
use crate::cli::out::Out;
use crate::cli::run::Ending;

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The key transfer files
    #[arg(value_name = "FILE.byok", required = true)]
    files: Vec<PathBuf>,
    /// The vault's or Managed HSM's address [default: that of the file's KEK]
    #[arg(long, value_name = "URL")]
    vault: Option<String>,
    /// The key's name in the vault [default: by its label in the HSM]
    #[arg(long, value_name = "NAME")]
    name: Option<KeyName>,
    /// The receipt of the file [default: the one beside it]
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// What the key is, for a file without a receipt: RSA, EC or oct
    #[arg(long, value_name = "TYPE")]
    kty: Option<String>,
    /// An EC key's curve: P-256, P-384, P-521 or P-256K
    #[arg(long, value_name = "CURVE", requires = "kty")]
    curve: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: ImportOptions,
    #[command(flatten)]
    online: Online,
}

impl Import {
    pub(super) fn options(&mut self) -> &mut ImportOptions {
        &mut self.options
    }
}

pub(super) async fn run(global: &Global, arguments: &Import, out: &Out) -> Result<Ending, Error> {
    let of_one = arguments.name.is_some() || arguments.receipt.is_some() || arguments.kty.is_some();
    if arguments.files.len() > 1 && of_one {
        return Err(Error::Usage(
            "--name, --receipt and --kty are of one file: with several, each goes by its own receipt".to_owned(),
        ));
    }
    perform::run(global, arguments, out).await
}
