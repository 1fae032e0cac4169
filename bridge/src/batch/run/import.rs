//! The vaults' stage: what was wrapped is imported and verified, several keys at once, at the vault's own pace.
//!
//! Before a vault is asked to import, the ledger says so, with the mark that the new version will bear. Whoever finds
//! a line with a mark asks the vault for it before anything is sent again.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::course::{Course, Held, Importer, ToImport};
use super::fault::Failure;
use super::imported::{ended, settle_again};
use super::one_import::{OneImport, Outcome};
use crate::Error;
use crate::batch::BatchError;
use crate::batch::ledger::{Advance, Detail, Step};
use crate::vault::{TransferId, VaultClient};

/// Imports under way at once. They share a client's pace: when the service throttles one, all wait.
const AT_ONCE: usize = 8;

/// Ends that are written together at most.
const GROUP: usize = 64;

/// An import's end.
pub(super) struct End {
    pub(super) held: Held,
    pub(super) outcome: Result<Outcome, Failure>,
}

/// Starts the stage; it ends when nothing more can come.
pub(super) fn start(
    course: &Arc<Course>,
    vaults: BTreeMap<String, Arc<VaultClient>>,
    tasks: &mut JoinSet<()>,
) -> Importer {
    let (importer, queue) = mpsc::unbounded_channel();
    let (ends, ended) = mpsc::unbounded_channel();
    {
        let course = Arc::clone(course);
        // A thread of its own: what the vault's client awaits cannot move between threads.
        tasks.spawn_blocking(move || {
            Handle::current().block_on(import_all(&course, &vaults, queue, ends));
        });
    }
    let course = Arc::clone(course);
    tasks.spawn(async move { finish_all(&course, ended).await });
    importer
}

async fn import_all(
    course: &Course,
    vaults: &BTreeMap<String, Arc<VaultClient>>,
    mut queue: mpsc::UnboundedReceiver<ToImport>,
    ends: mpsc::UnboundedSender<End>,
) {
    let mut under_way = FuturesUnordered::new();
    let mut more = true;
    while more || !under_way.is_empty() {
        let mut group = Vec::new();
        let room = AT_ONCE.saturating_sub(under_way.len());
        tokio::select! {
            biased;
            () = course.stop.said(), if more => more = false,
            Some(end) = under_way.next(), if !under_way.is_empty() => {
                // The stage after this one has told why, when it is gone.
                let _gone = ends.send(end);
            }
            count = queue.recv_many(&mut group, room.max(1)), if more && room > 0 => more = count > 0,
        }
        // What is left for a vault that is out stays as it is.
        group.retain(|to_import| {
            let line = course.line(to_import.held.number);
            !line.is_ok_and(|line| course.is_without(line))
        });
        if group.is_empty() {
            continue;
        }
        match announce(course, group).await {
            Ok(announced) => under_way.extend(
                announced
                    .into_iter()
                    .map(|(to_import, again)| import(course, vaults, to_import, again)),
            ),
            Err(error) => {
                course.give_up(error);
                more = false;
            }
        }
    }
}

/// Whether the vault may have been asked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Never,
    Before,
}

/// Puts down that the vaults are about to be asked, and for what.
async fn announce(course: &Course, group: Vec<ToImport>) -> Result<Vec<(ToImport, Asked)>, Error> {
    let mut announced = Vec::with_capacity(group.len());
    let mut advances = Vec::with_capacity(group.len());
    for mut to_import in group {
        let before = &to_import.held.detail;
        let asked = if before.mark.is_some() {
            Asked::Before
        } else {
            Asked::Never
        };
        let mark = match &before.mark {
            Some(mark) => mark.clone(),
            None => TransferId::random()?.to_string(),
        };
        let detail = Detail {
            mark: Some(mark),
            error: None,
            ..before.clone()
        };
        advances.push(Advance {
            number: to_import.held.number,
            to: Step::Importing,
            detail: detail.clone(),
        });
        to_import.held.detail = detail;
        to_import.held.step = Step::Importing;
        announced.push((to_import, asked));
    }
    course
        .seat
        .advance(advances)
        .await
        .map_err(BatchError::from)?;
    Ok(announced)
}

async fn import(
    course: &Course,
    vaults: &BTreeMap<String, Arc<VaultClient>>,
    to_import: ToImport,
    asked: Asked,
) -> End {
    let ToImport { held, files } = to_import;
    let outcome = match course.line(held.number) {
        Ok(line) => {
            let outcome = async {
                let client = vaults
                    .get(&*line.vault)
                    .ok_or(Error::Internal("a plan's line names no vault of it"))?;
                let one = OneImport::of(course, client, line, &held.detail, files)?;
                one.perform(asked).await
            };
            match outcome.await {
                Ok(outcome) => {
                    course.vault_worked(line);
                    Ok(outcome)
                }
                Err(error) => {
                    let failure = Failure::from(&error);
                    course.vault_failed(line, error);
                    Err(failure)
                }
            }
        }
        Err(error) => Err(Failure::from(&error)),
    };
    End { held, outcome }
}

/// Receipts and ledger, in groups.
async fn finish_all(course: &Course, mut ends: mpsc::UnboundedReceiver<End>) {
    let mut group = Vec::with_capacity(GROUP);
    while ends.recv_many(&mut group, GROUP).await > 0 {
        let (again, done): (Vec<End>, Vec<End>) = std::mem::take(&mut group)
            .into_iter()
            .partition(|end| matches!(end.outcome, Ok(Outcome::FileMissing)));
        let written = async {
            settle_again(course, again).await?;
            ended(course, done).await
        };
        if let Err(error) = written.await {
            course.give_up(error);
            return;
        }
    }
}
