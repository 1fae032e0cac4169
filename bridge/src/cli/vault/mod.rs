//! `vault`: what is done with a vault; one file per verb below it.

pub(super) mod import;
pub(super) mod import_options;
pub(super) mod kek;
mod practice;

pub(super) use kek::bits as kek_bits;

use clap::{Args, Subcommand};

use super::args::Global;
use super::out::Out;
use super::run::Ending;
use crate::Error;

#[derive(Debug, Args)]
pub(super) struct Vault {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make, list, check and retire key exchange keys (KEKs)
    Kek(kek::Kek),
    /// Import key transfer files, and verify what the vault then holds
    Import(Box<import::Import>),
    /// Run a practice vault on this machine, for other programs to try with
    Practice(practice::Practice),
}

impl Vault {
    /// The options of an import, when this is one.
    pub(super) fn import_options(&mut self) -> Option<&mut import_options::ImportOptions> {
        match &mut self.verb {
            Verb::Import(arguments) => Some(arguments.options()),
            Verb::Kek(_) | Verb::Practice(_) => None,
        }
    }
}

pub(super) async fn run(global: &Global, arguments: &Vault, out: &Out) -> Result<Ending, Error> {
    match &arguments.verb {
        Verb::Kek(arguments) => kek::run(global, arguments, out).await,
        Verb::Import(arguments) => import::run(global, arguments, out).await,
        Verb::Practice(arguments) => practice::run(global, arguments, out).await,
    }
}
