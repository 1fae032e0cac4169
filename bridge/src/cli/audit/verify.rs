//! `audit verify`: a verdict on the whole record.

use std::path::{Path, PathBuf};

use clap::Args;
use keyferry_core::{Anchors, AuditHead, AuditVerdict, MAX_RECEIPT, Receipt, Severity, visible};

use crate::Error;
use crate::audit_log::Snapshot;
use crate::cli::document;
use crate::cli::out::Out;
use crate::cli::run::Ending;

/// What `audit verify` takes.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Receipts whose lines must be in the record as they repeat them
    #[arg(long = "receipt", value_name = "FILE", num_args = 1..)]
    receipts: Vec<PathBuf>,
    /// What `audit head` printed earlier; may be repeated
    #[arg(long = "head", value_name = "SEQ:HASH", value_parser = kept)]
    kept: Vec<AuditHead>,
}

fn kept(text: &str) -> Result<AuditHead, String> {
    text.parse()
        .map_err(|_| "a head is SEQ:HASH, as `keyferry audit head` prints it".to_owned())
}

pub(super) fn run(folder: &Path, arguments: &Verify, out: &Out) -> Result<Ending, Error> {
    let receipts = arguments
        .receipts
        .iter()
        .map(|path| (path.to_string_lossy().into_owned(), receipt(path)))
        .collect();
    let snapshot = Snapshot::take(folder)?;
    let anchors = Anchors {
        head: snapshot.head(),
        kept: arguments.kept.clone(),
        receipts,
    };
    let mut walk = anchors.walk();
    snapshot.walk(&mut walk, |_| {})?;
    let verdict = anchors.judge(walk);
    if out.is_json() {
        out.object(&verdict);
    } else {
        show(&verdict, out);
    }
    Ok(if verdict.intact {
        Ending::Good
    } else {
        Ending::Negative
    })
}

/// A receipt that cannot be read is a finding of its own, beside all others.
fn receipt(path: &Path) -> Result<Receipt, String> {
    let bytes = document::read(path, MAX_RECEIPT).map_err(|error| error.to_string())?;
    Receipt::parse(&bytes).map_err(|error| error.to_string())
}

fn show(verdict: &AuditVerdict, out: &Out) {
    out.verdict(
        verdict.intact,
        if verdict.intact {
            "The record is intact"
        } else {
            "The record is NOT intact"
        },
    );
    out.line(&format!(
        "  Lines  {} in {} {}",
        verdict.lines,
        verdict.files.len(),
        if verdict.files.len() == 1 {
            "file"
        } else {
            "files"
        }
    ));
    out.line(&format!("  Head   {}", verdict.head));
    for receipt in verdict.receipts.iter().filter(|receipt| receipt.holds) {
        out.line(&format!(
            "  Holds  {} (line {})",
            visible(&receipt.receipt),
            receipt.seq.unwrap_or_default()
        ));
    }
    for finding in &verdict.findings {
        let word = if finding.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        let place = match (&finding.file, finding.line) {
            (Some(file), Some(line)) => format!("{}:{line}: ", visible(file)),
            _ => String::new(),
        };
        // Foreign parts of the message were made visible where it was put together.
        out.line(&format!(
            "{word}[{}]: {place}{}",
            finding.code, finding.message
        ));
        out.line(&format!("  help: {}", finding.advice));
    }
    if verdict.more_findings > 0 {
        out.line(&format!("and {} more findings", verdict.more_findings));
    }
}
