//! `batch`: many keys by one manifest, one plan and one approval; can be stopped at any moment and gone on with.

mod args;
mod ending;
mod planning;
mod progress;
mod running;
mod way;

pub(super) use args::Batch;

use super::args::Global;
use super::out::Out;
use super::run::Ending;
use crate::Error;

pub(super) async fn run(global: &Global, arguments: &Batch, out: &Out) -> Result<Ending, Error> {
    let settings = global.settings()?;
    if arguments.plan {
        return planning::show(&settings, arguments, out).await;
    }
    running::run(settings, arguments, out).await
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
