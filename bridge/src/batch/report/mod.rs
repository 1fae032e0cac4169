//! The report of a batch: `report.json` for machines, `batch-report.html` for people and their printer. Both are
//! written from the ledger, row by row, so that they tell what is durable and nothing else.

mod html;
mod json;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use keyferry_core::ApprovalKind;

use super::BatchError;
use super::ledger::{ApprovalNote, Counts, Ledger, LedgerRow};
use super::plan::{Plan, PlanLine};
use crate::Error;
use crate::disk::Replacement;
use crate::error::shown;
use crate::moment;

/// Rows that are read at once.
const ROWS: u32 = 1000;

/// The two files of a report.
#[derive(Debug, Clone)]
pub struct ReportFiles {
    /// For machines.
    pub json: PathBuf,
    /// For people.
    pub html: PathBuf,
}

impl ReportFiles {
    /// Those of a batch's folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            json: folder.join("report.json"),
            html: folder.join("batch-report.html"),
        }
    }
}

/// What stands at a report's head.
struct Head<'a> {
    plan: &'a Plan,
    counts: Counts,
    approvals: Vec<ApprovalNote>,
    written: String,
}

/// One form of a report.
trait Form: Send {
    fn begin(&mut self, head: &Head<'_>, to: &mut dyn Write) -> io::Result<()>;
    fn row(&mut self, line: &PlanLine, row: &LedgerRow, to: &mut dyn Write) -> io::Result<()>;
    fn end(&mut self, head: &Head<'_>, to: &mut dyn Write) -> io::Result<()>;
}

/// Writes both files into `folder`, over those of an earlier run.
///
/// # Errors
/// What the ledger says; [`Error::OutputUnwritable`].
pub async fn write_report(
    ledger: &Ledger,
    plan: &Plan,
    folder: &Path,
) -> Result<ReportFiles, Error> {
    let hash = plan.hash();
    let head = Head {
        plan,
        counts: ledger.counts(hash).await.map_err(BatchError::from)?,
        approvals: ledger.approvals(hash).await.map_err(BatchError::from)?,
        written: moment::present().unwrap_or_default(),
    };
    let files = ReportFiles::in_folder(folder);
    write_form(ledger, &head, &files.json, &mut json::Json::default()).await?;
    write_form(ledger, &head, &files.html, &mut html::Html).await?;
    Ok(files)
}

async fn write_form(
    ledger: &Ledger,
    head: &Head<'_>,
    path: &Path,
    form: &mut dyn Form,
) -> Result<(), Error> {
    let unwritable = |source| Error::OutputUnwritable {
        path: shown(path),
        source,
    };
    let mut file = Replacement::of(path).map_err(unwritable)?;
    form.begin(head, &mut file).map_err(unwritable)?;
    let mut after = 0;
    loop {
        let rows = ledger
            .rows(head.plan.hash(), None, after, ROWS)
            .await
            .map_err(BatchError::from)?;
        let Some(last) = rows.last() else {
            break;
        };
        after = last.number;
        for row in &rows {
            let line = head.plan.line(row.number).ok_or(Error::Internal(
                "the ledger names a line that the plan does not have",
            ))?;
            form.row(line, row, &mut file).map_err(unwritable)?;
        }
    }
    form.end(head, &mut file).map_err(unwritable)?;
    file.finish().map_err(unwritable)
}

/// How an approval was given, in words.
fn given(kind: ApprovalKind) -> &'static str {
    match kind {
        ApprovalKind::Terminal => "in the terminal",
        ApprovalKind::Pinentry => "in a pinentry window",
        ApprovalKind::ByFlag => "by a flag of the command line",
        ApprovalKind::Policy => "by this machine's policy",
        ApprovalKind::Practice => "for practice",
    }
}
