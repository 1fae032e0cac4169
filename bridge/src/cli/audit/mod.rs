//! `audit`: reads the record. Nothing here writes to it.

mod head;
mod list;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::Global;
use super::out::Out;
use super::run::Ending;
use crate::Error;
use crate::state::StateFolder;

/// What `audit` takes.
#[derive(Debug, Args)]
pub(super) struct Audit {
    /// The folder of a record that was copied [default: the state folder's own]
    #[arg(long, global = true, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Is every line there as it was written? Names those that are not
    Verify(verify::Verify),
    /// Show lines
    List(Box<list::List>),
    /// Print where the chain stands, to keep elsewhere
    Head,
}

pub(super) fn run(global: &Global, arguments: &Audit, out: &Out) -> Result<Ending, Error> {
    let folder = match &arguments.folder {
        Some(folder) => folder.clone(),
        // Not made when absent, as for who writes.
        None => StateFolder::place(global.state.as_deref())
            .ok_or(Error::StateUnknown)?
            .join("audit"),
    };
    match &arguments.deed {
        Deed::Verify(arguments) => verify::run(&folder, arguments, out),
        Deed::List(arguments) => list::run(&folder, arguments, out),
        Deed::Head => head::run(&folder, out),
    }
}
