//! The folders of the page's batches: `batches/HASH` in the state folder, with files, receipts, ledger and report.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use keyferry_core::{PlanState, PlanStatus};

use super::progress;
use crate::Error;
use crate::batch::{BatchError, Ledger, LedgerPlace, PlanHash};
use crate::state::StateFolder;

/// Most batches that are looked at for those that are not whole.
const LOOKED_AT: usize = 16;

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
        if !folder.join(LEDGER).is_file() {
            return Ok(None);
        }
        let ledger = open(&folder).await?;
        let counts = ledger.counts(plan).await.map_err(BatchError::from)?;
        let plan = ledger.plan(plan).await.map_err(BatchError::from)?;
        let state = if counts.is_complete() {
            PlanState::Done
        } else {
            PlanState::Ready
        };
        let mut status = progress::first(&plan, state);
        progress::count(&mut status, &counts);
        status.folder = Some(folder.to_string_lossy().into_owned());
        Ok(Some(status))
    }

    /// Those that are not whole, the newest first.
    pub(super) async fn unfinished(&self) -> Result<Vec<PlanStatus>, Error> {
        let mut found = self.begun()?;
        found.sort_by_key(|(changed, _)| std::cmp::Reverse(*changed));
        let mut open = Vec::new();
        for (_, plan) in found.into_iter().take(LOOKED_AT) {
            match self.status(plan).await {
                Ok(Some(status)) if status.done < status.lines => open.push(status),
                Ok(_) => {}
                // One that cannot be read hides no other; whoever goes on with it is told why.
                Err(error) => tracing::warn!(code = error.code(), "a batch could not be read"),
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

/// The ledger in a batch's folder.
pub(super) fn ledger_in(folder: &Path) -> LedgerPlace {
    LedgerPlace::File(folder.join(LEDGER))
}

/// Opens it; its file is made when absent.
pub(super) async fn open(folder: &Path) -> Result<Ledger, Error> {
    let ledger = Ledger::open(&ledger_in(folder)).await;
    Ok(ledger.map_err(BatchError::from)?)
}
