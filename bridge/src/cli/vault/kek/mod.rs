//! `vault kek`: the key exchange keys of a vault.

mod create;
mod list;
mod retire;
mod show;

pub(in crate::cli) use create::bits;

use clap::{Args, Subcommand};

use crate::Error;
use crate::cli::args::Global;
use crate::cli::out::Out;
use crate::cli::run::Ending;

#[derive(Debug, Args)]
pub(super) struct Kek {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a KEK: RSA-HSM, for import alone
    Create(create::Create),
    /// List the keys that can import, and which of them are admitted
    List(list::List),
    /// Check a KEK as the vault has it
    Show(show::Show),
    /// Disable or delete a KEK that has served
    Retire(retire::Retire),
}

pub(super) async fn run(global: &Global, arguments: &Kek, out: &Out) -> Result<Ending, Error> {
    match &arguments.verb {
        Verb::Create(arguments) => create::run(global, arguments, out).await,
        Verb::List(arguments) => list::run(global, arguments, out).await,
        Verb::Show(arguments) => show::run(global, arguments, out).await,
        Verb::Retire(arguments) => retire::run(global, arguments, out).await,
    }
}
