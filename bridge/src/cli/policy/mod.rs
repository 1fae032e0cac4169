//! `policy`: what a policy file says, and the lines that make someone a second approver.

mod approver;
mod check;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::Global;
use super::out::Out;
use super::run::Ending;
use crate::Error;

#[derive(Debug, Args)]
#[command(subcommand_required = true, disable_help_subcommand = true)]
pub(super) struct Policy {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say what a policy file allows and requires, and whether it would be taken
    Check(Check),
    /// Ask for a second approver's secret, twice, and print the policy's lines for them
    Approver(Approver),
}

#[derive(Debug, Args)]
struct Check {
    /// The policy
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct Approver {
    /// How prompt, record and refusals name the person
    #[arg(value_name = "NAME")]
    name: String,
}

pub(super) fn run(global: &Global, arguments: &Policy, out: &Out) -> Result<Ending, Error> {
    match &arguments.verb {
        Verb::Check(arguments) => check::run(arguments, out),
        Verb::Approver(arguments) => {
            super::run::on_one_thread(approver::run(global, arguments, out))
        }
    }
}
