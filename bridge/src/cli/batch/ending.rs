//! What a batch says at its end.

use std::path::Path;

use keyferry_core::ErrorBody;
use serde::Serialize;

use crate::batch::ReportFiles;
use crate::batch::ledger::Counts;
use crate::batch::plan::{Plan, PlanHash};
use crate::batch::run::Ended;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::error::shown;

/// The last line of `--json`.
#[derive(Serialize)]
struct Last<'a> {
    event: &'static str,
    plan: PlanHash,
    /// Lines of the manifest, or keys, that do not travel.
    stays: usize,
    counts: Counts,
    done: u64,
    failed: u64,
    seconds: f64,
    keys_per_second: f64,
    folder: String,
    report: String,
    report_json: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<&'a ErrorBody>,
}

/// Tells it. `ledger` is the option that names the ledger, for the command that goes on.
pub(super) fn tell(
    plan: &Plan,
    ended: &Ended,
    folder: &Path,
    report: &ReportFiles,
    ledger: &str,
    out: &Out,
) -> Ending {
    let counts = ended.counts;
    let left = counts.left();
    let seconds = ended.took.as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = if seconds > 0.0 {
        ended.done as f64 / seconds
    } else {
        0.0
    };
    let stopped = ended.stopped.as_ref().map(crate::Error::body);
    if out.is_json() {
        out.object(&Last {
            event: "ended",
            plan: plan.hash(),
            stays: plan.stays().len(),
            counts,
            done: ended.done,
            failed: ended.failed,
            seconds,
            keys_per_second: rate,
            folder: folder.to_string_lossy().into_owned(),
            report: report.html.to_string_lossy().into_owned(),
            report_json: report.json.to_string_lossy().into_owned(),
            stopped: stopped.as_ref(),
        });
    } else {
        if let Some(error) = &ended.stopped {
            out.error(error);
        }
        out.verdict(
            ended.is_whole(),
            &format!(
                "{} of {} keys done, {} failed, {left} left ({} in this run, {seconds:.1} s, {rate:.0} a second)",
                counts.done, counts.lines, counts.failed, ended.done
            ),
        );
        if !plan.stays().is_empty() {
            out.line(&format!(
                "{} lines or keys of the manifest do not travel; the report says why",
                plan.stays().len()
            ));
        }
        out.line(&format!("  Folder  {}", shown(folder)));
        out.line(&format!("  Report  {}", shown(&report.html)));
        if !ended.is_whole() {
            out.line("Go on with");
            out.line(&format!(
                "  keyferry batch --resume --out {}{ledger}",
                shown(folder)
            ));
        }
    }
    // What the manifest asked for and the plan left out is not done either.
    if ended.is_whole() && plan.stays().is_empty() {
        Ending::Good
    } else {
        Ending::Negative
    }
}
