//! `transfer`: from KEK to a verified key in one sitting, each step a line with its time. What is done
//! is kept in a state file, so that a transfer that stopped goes on with `--resume`.

mod args;
mod consent;
mod course;
mod folder;
mod memo;
mod report;

pub(super) use args::Transfer;

use self::course::Course;
use self::folder::TransferFolder;
use super::args::Global;
use super::out::Out;
use super::run::Ending;
use crate::Error;

pub(super) async fn run(global: &Global, arguments: &Transfer, out: &Out) -> Result<Ending, Error> {
    let settings = global.settings()?;
    let folder = TransferFolder::open(&settings.state)?;
    let held = match &arguments.resume {
        Some(id) => folder.resume(id.as_deref())?,
        None => folder.begin(args::memo(arguments)?)?,
    };
    Course::new(settings, arguments, held, out)?.run().await
}
