//! What was imported gets on disk: receipts, then the ledger, then it is told.

use keyferry_core::{ImportRecord, RecordPlace};

use super::course::Course;
use super::import::End;
use super::one_import::{Imported, Outcome};
use super::{LineEnd, LineReport};
use crate::Error;
use crate::batch::BatchError;
use crate::batch::ledger::{Advance, Detail, Step};

/// The code of a key that the vault holds and that is not the HSM's.
const DIFFERS: &str = "public-key-differs";

/// Writes the ends of a group.
pub(super) async fn ended(course: &Course, group: Vec<End>) -> Result<(), Error> {
    if group.is_empty() {
        return Ok(());
    }
    let mut files = Vec::new();
    let mut advances = Vec::with_capacity(group.len());
    let mut reports = Vec::with_capacity(group.len());
    let mut places = Vec::with_capacity(group.len());
    for end in group {
        let line = course.line(end.held.number)?;
        let (step, detail, report) = match end.outcome {
            Ok(Outcome::Imported(imported)) => {
                let Imported {
                    kid,
                    verification,
                    line: record,
                    receipt,
                } = *imported;
                let holds = verification.holds();
                let finding = verification.findings.iter().find(|one| one.is_error());
                let error = (!holds).then(|| keyferry_core::ErrorBody {
                    code: finding.map_or(DIFFERS.to_owned(), |one| one.code.clone()),
                    message: finding.map_or_else(String::new, |one| one.message.clone()),
                    advice: finding.map_or_else(String::new, |one| one.advice.clone()),
                });
                let detail = Detail {
                    imported: Some(kid.clone()),
                    record: Some(record.seq),
                    error: error.clone(),
                    ..end.held.detail.clone()
                };
                if let Some(mut receipt) = receipt {
                    receipt.import = Some(ImportRecord {
                        kid: kid.clone(),
                        verification: Some(verification),
                        audit: RecordPlace::from(&record),
                    });
                    let names = course.folder.files(line);
                    files.push((names.receipt, receipt.to_bytes()));
                }
                let (step, end) = if holds {
                    (Step::Done, LineEnd::Done)
                } else {
                    (Step::Failed, LineEnd::Failed)
                };
                let mut report = LineReport::of(line, end);
                report.imported = Some(kid);
                report.error = error;
                (step, detail, report)
            }
            Ok(Outcome::FileMissing) => continue,
            Err(failure) => {
                let detail = Detail {
                    error: Some(failure.body.clone()),
                    ..end.held.detail.clone()
                };
                let mut report = LineReport::of(line, LineEnd::Failed);
                report.error = Some(failure.body);
                (Step::Failed, detail, report)
            }
        };
        let mut report = report;
        report.file.clone_from(&detail.file);
        advances.push(Advance {
            number: line.number,
            to: step,
            detail,
        });
        reports.push(report);
        places.push(end.held);
    }
    if !files.is_empty() {
        let folder = course.folder.clone();
        tokio::task::spawn_blocking(move || folder.write_group(&files))
            .await
            .map_err(|_| Error::Internal("the writer of a batch's files stopped"))??;
    }
    course
        .seat
        .advance(advances)
        .await
        .map_err(BatchError::from)?;
    reports.into_iter().for_each(|report| course.tell(report));
    Ok(())
}

/// Gives back lines that are wrapped anew: the vault was asked and does not have them, and their files lie in the
/// folder of a bridge that is gone. The mark stays with them.
pub(super) async fn settle_again(course: &Course, group: Vec<End>) -> Result<(), Error> {
    if group.is_empty() {
        return Ok(());
    }
    let advance = |end: &End| Advance {
        number: end.held.number,
        to: Step::Planned,
        detail: Detail {
            mark: end.held.detail.mark.clone(),
            ..Detail::default()
        },
    };
    let numbers = group.iter().map(|end| end.held.number).collect();
    course
        .seat
        .advance(group.iter().map(advance).collect())
        .await
        .map_err(BatchError::from)?;
    course
        .seat
        .release(numbers)
        .await
        .map_err(BatchError::from)?;
    Ok(())
}
