//! The folders of the page's batches: `batches/HASH` in the state folder, with files, receipts, ledger and report.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use keyferry_core::{PlanState, PlanStatus, RecordPage};

use super::progress;
use crate::Error;
use crate::batch::ledger::Step;
use crate::batch::{BatchError, KeptApprovals, Ledger, LedgerPlace, PlanHash};
use crate::state::StateFolder;

/// Most batches that are looked at for those that are not whole.
const LOOKED_AT: usize = 16;

const LEDGER: &str = "ledger.sqlite";

/// Rows that are read at once.
const ROWS: u32 = 1000;

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
        let Some((ledger, mut status)) = self.look(plan).await? else {
            return Ok(None);
        };
        if status.done == status.lines {
            // What was agreed to is kept no longer; what was done is.
            status.import = imported(&ledger, plan).await?;
        }
        Ok(Some(status))
    }

    async fn look(&self, plan: PlanHash) -> Result<Option<(Ledger, PlanStatus)>, Error> {
        let folder = self.place(plan)?;
        if !folder.join(LEDGER).is_file() {
            return Ok(None);
        }
        let ledger = open(&folder).await?;
        let import = KeptApprovals::of(&self.0)?.imports(plan);
        let counts = ledger.counts(plan).await.map_err(BatchError::from)?;
        let plan = ledger.plan(plan).await.map_err(BatchError::from)?;
        let state = if counts.is_complete() {
            PlanState::Done
        } else {
            PlanState::Ready
        };
        let mut status = progress::first(&plan, state);
        progress::count(&mut status, &counts);
        status.import = import;
        status.folder = Some(folder.to_string_lossy().into_owned());
        Ok(Some((ledger, status)))
    }

    /// Those that are not whole, the newest first.
    pub(super) async fn unfinished(&self) -> Result<Vec<PlanStatus>, Error> {
        let mut found = self.begun()?;
        found.sort_by_key(|(changed, _)| std::cmp::Reverse(*changed));
        let mut open = Vec::new();
        for (_, plan) in found.into_iter().take(LOOKED_AT) {
            match self.look(plan).await {
                Ok(Some((_, status))) if status.done < status.lines => open.push(status),
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

/// Whether each line that is done was imported.
pub(super) async fn imported(ledger: &Ledger, plan: PlanHash) -> Result<bool, Error> {
    let mut after = 0;
    loop {
        let rows = ledger.rows(plan, Some(Step::Done), after, ROWS).await;
        let rows = rows.map_err(BatchError::from)?;
        let Some(last) = rows.last() else {
            return Ok(true);
        };
        if rows.iter().any(|row| row.detail.imported.is_none()) {
            return Ok(false);
        }
        after = last.number;
    }
}

/// Opens it; its file is made when absent.
pub(super) async fn open(folder: &Path) -> Result<Ledger, Error> {
    let ledger = Ledger::open(&ledger_in(folder)).await;
    Ok(ledger.map_err(BatchError::from)?)
}
