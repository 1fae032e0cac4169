//! `vault`: what is done with a vault; one file per verb below it.

mod practice;

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
    /// Run a practice vault on this machine, for other programs to try with
    Practice(practice::Practice),
}

pub(super) async fn run(global: &Global, arguments: &Vault, out: &Out) -> Result<Ending, Error> {
    match &arguments.verb {
        Verb::Practice(arguments) => practice::run(global, arguments, out).await,
    }
}
