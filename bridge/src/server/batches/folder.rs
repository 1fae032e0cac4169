//! The folders of the page's batches: `batches/HASH` in the state folder, with files, receipts, ledger and report.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use keyferry_core::{PlanState, PlanStatus, RecordPage};

use super::progress;
use crate::Error;
use crate::batch::ledger::{Counts, LedgerError};
use crate::batch::{BatchError, Ledger, LedgerPlace, PlanHash};
use crate::state::StateFolder;

/// Most batches that are told as not whole, the newest.
const TOLD: usize = 16;

const LEDGER: &str = "ledger.sqlite";

/// Where they are.
pub(super) struct Folders(StateFolder);

impl Folders {
    pub(super) fn of(state: StateFolder) -> Self {
        Self(state)
    }

    /// The folder of a plan, whether or not it is there.
    pub(super) fn place(&self, plan: PlanHash) -> Result<PathBuf, Error> {
        Ok(self.0.folder("batches")?.join(plan.to_string()))
    }

    /// Where a plan is by its ledger; none when it was never begun here.
    pub(super) async fn status(&self, plan: PlanHash) -> Result<Option<PlanStatus>, Error> {
        let folder = self.place(plan)?;
        if !is_begun(&folder) {
            return Ok(None);
        }
        let ledger = open(&folder).await?;
        let counts = ledger.counts(plan).await.map_err(BatchError::from)?;
        match told(&folder, &ledger, plan, &counts).await {
            // A run ended before it could write the plan down: it was not begun.
            Err(Error::Batch(BatchError::Ledger(LedgerError::PlanUnknown { .. }))) => Ok(None),
            told => told.map(Some),
        }
    }

    /// Where a plan is that was begun and is not whole; none when it is.
    async fn left(&self, plan: PlanHash) -> Result<Option<PlanStatus>, Error> {
        let folder = self.place(plan)?;
        let ledger = open(&folder).await?;
        let counts = ledger.counts(plan).await.map_err(BatchError::from)?;
        if counts.not_done() == 0 {
            return Ok(None);
        }
        told(&folder, &ledger, plan, &counts).await.map(Some)
    }

    /// Those that are not whole, the newest first.
    pub(super) async fn unfinished(&self) -> Result<Vec<PlanStatus>, Error> {
        let mut found = self.begun()?;
        found.sort_by_key(|(changed, _)| std::cmp::Reverse(*changed));
        let mut open = Vec::new();
        for (_, plan) in found {
            match self.left(plan).await {
                Ok(Some(status)) => open.push(status),
                Ok(None) => {}
                // One that cannot be read hides no other; whoever goes on with it is told why.
                Err(error) => tracing::warn!(code = error.code(), "a batch could not be read"),
            }
            if open.len() == TOLD {
                break;
            }
        }
        Ok(open)
    }

    fn begun(&self) -> Result<Vec<(SystemTime, PlanHash)>, Error> {
        let root = self.0.folder("batches")?;
        let entries = fs::read_dir(&root).map_err(|source| Error::state(&root, source))?;
        let dated = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            let plan = entry.file_name().to_str()?.parse().ok()?;
            let changed = entry.path().join(LEDGER).metadata().ok()?.modified().ok()?;
            Some((changed, plan))
        });
        Ok(dated.collect())
    }
}

/// The report of a plan, read from `place`; none before the first run has ended.
pub(in crate::server) fn report_page(
    plan: PlanHash,
    place: &Path,
) -> Result<Option<RecordPage>, Error> {
    let html = match fs::read_to_string(place) {
        Ok(html) => html,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::unreadable(place, error)),
    };
    let plan = plan.to_string();
    let (short, _) = plan.split_at(8);
    let name = format!("keyferry-batch-{short}.html");
    Ok(Some(RecordPage { name, html }))
}

/// The ledger in a batch's folder.
pub(super) fn ledger_in(folder: &Path) -> LedgerPlace {
    LedgerPlace::File(folder.join(LEDGER))
}

/// Whether there is a ledger in a batch's folder.
pub(super) fn is_begun(folder: &Path) -> bool {
    folder.join(LEDGER).is_file()
}

async fn told(
    folder: &Path,
    ledger: &Ledger,
    plan: PlanHash,
    counts: &Counts,
) -> Result<PlanStatus, Error> {
    let import = ledger.imports(plan).await.map_err(BatchError::from)?;
    let plan = ledger.plan(plan).await.map_err(BatchError::from)?;
    let state = if counts.is_complete() {
        PlanState::Done
    } else {
        PlanState::Ready
    };
    let mut status = progress::first(&plan, state);
    progress::count(&mut status, counts);
    status.import = import;
    status.folder = Some(folder.to_string_lossy().into_owned());
    Ok(status)
}

/// Opens it; its file is made when absent.
pub(super) async fn open(folder: &Path) -> Result<Ledger, Error> {
    let ledger = Ledger::open(&ledger_in(folder)).await;
    Ok(ledger.map_err(BatchError::from)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::batch::ledger::{Advance, Hold, Step};
    use crate::batch::sample;

    #[tokio::test]
    async fn a_batch_whose_plan_was_never_written_down_was_not_begun() {
        let temp = tempfile::tempdir().unwrap();
        let state = StateFolder::open(Some(temp.path())).unwrap();
        let folders = Folders::of(state);
        let plan = sample::plan(&[("one", "one")], &["https://contoso.vault.azure.net"]).hash();
        assert_eq!(folders.status(plan).await.unwrap(), None);
        fs::create_dir_all(folders.place(plan).unwrap()).unwrap();
        drop(open(&folders.place(plan).unwrap()).await.unwrap());
        assert_eq!(folders.status(plan).await.unwrap(), None);
        assert_eq!(folders.unfinished().await.unwrap(), []);
    }

    #[tokio::test]
    async fn an_unfinished_batch_is_told_however_many_finished_ones_are_newer() {
        let temp = tempfile::tempdir().unwrap();
        let folders = Folders::of(StateFolder::open(Some(temp.path())).unwrap());
        let mut first = None;
        for number in 0..20 {
            let name = format!("key-{number}");
            let plan = sample::plan(&[("one", &name)], &["https://contoso.vault.azure.net"]);
            let plan = Arc::new(plan);
            let hash = plan.hash();
            let path = folders.place(hash).unwrap();
            let hold = Hold::take(&path).unwrap();
            let ledger = open(&path).await.unwrap();
            ledger.record_plan(&plan).await.unwrap();
            if first.is_none() {
                first = Some(hash);
                continue;
            }
            let seat = ledger
                .join(&hold, hash, std::time::Duration::from_secs(30))
                .await
                .unwrap();
            seat.claim(1).await.unwrap();
            let done = Advance {
                number: 1,
                to: Step::Done,
                detail: crate::batch::ledger::Detail::default(),
            };
            seat.advance(vec![done]).await.unwrap();
            seat.leave().await.unwrap();
        }
        let unfinished = folders.unfinished().await.unwrap();
        assert_eq!(unfinished.len(), 1);
        assert_eq!(unfinished[0].hash, first.unwrap().to_string());
    }
}
