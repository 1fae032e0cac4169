//! What was wrapped gets on disk, in groups: the record's lines, then files and receipts, then the ledger. Each of
//! these is flushed once a group, and a key is told of after all three.

use futures_util::future::join_all;
use keyferry_core::{AuditEntry, AuditLine, Receipt};
use tokio::sync::mpsc;

use super::course::{Course, Held, Importer, ToImport};
use super::wrap::{Made, WrapEnd};
use super::{LineEnd, LineReport};
use crate::Error;
use crate::batch::BatchError;
use crate::batch::folder::LineFiles;
use crate::batch::ledger::{Advance, Detail, Step};

/// Most keys that are flushed together.
const GROUP: usize = 256;

/// A key whose outcome is in the record.
struct Recorded {
    held: Held,
    line: AuditLine,
    end: WrapEnd,
}

/// A key on its way to the disk.
struct Written {
    held: Held,
    advance: Advance,
    report: LineReport,
    files: Option<(Vec<u8>, Receipt)>,
}

/// Takes what the HSM made until there is no more.
pub(super) async fn wraps(
    course: &Course,
    mut made: mpsc::UnboundedReceiver<Made>,
    importer: Option<Importer>,
) {
    let mut group = Vec::with_capacity(GROUP);
    while made.recv_many(&mut group, GROUP).await > 0 {
        let group = std::mem::take(&mut group);
        if let Err(error) = commit(course, group, importer.as_ref()).await {
            course.give_up(error);
            // What is not on disk is not done: it is made anew by whoever goes on.
            return;
        }
    }
}

async fn commit(
    course: &Course,
    group: Vec<Made>,
    importer: Option<&Importer>,
) -> Result<(), Error> {
    let recorded = record(course, group).await?;
    let written = write(course, recorded, importer.is_some()).await?;
    let advances = written.iter().map(|one| one.advance.clone()).collect();
    course
        .seat
        .advance(advances)
        .await
        .map_err(BatchError::from)?;
    for one in written {
        let to_import = one.report.end == LineEnd::Wrapped;
        let detail = one.advance.detail;
        course.tell(one.report);
        if let (true, Some(importer)) = (to_import, importer) {
            let held = Held {
                step: Step::Wrapped,
                detail,
                ..one.held
            };
            let files = one.files;
            // A stage whose receiver is gone has told why.
            let _gone = importer.send(ToImport { held, files });
        }
    }
    Ok(())
}

/// The outcome of each in the record; appends that come together share one flush.
async fn record(course: &Course, group: Vec<Made>) -> Result<Vec<Recorded>, Error> {
    let lines = group.into_iter().map(async |made| {
        let Made { held, entry, end } = made;
        let entry = match &end {
            WrapEnd::Finished(_) => entry,
            WrapEnd::Failed(failure) | WrapEnd::Left(failure) => AuditEntry {
                outcome: failure.outcome,
                code: Some(failure.body.code.clone()),
                ..entry
            },
        };
        let line = course.audit.append(entry).await?;
        Ok(Recorded { held, line, end })
    });
    join_all(lines).await.into_iter().collect()
}

/// Files and receipts. Making their text and writing it is no work for the threads that wait for the HSM.
async fn write(
    course: &Course,
    recorded: Vec<Recorded>,
    import_follows: bool,
) -> Result<Vec<Written>, Error> {
    let prepared = std::sync::Arc::clone(&course.prepared);
    let folder = course.folder.clone();
    let done = tokio::task::spawn_blocking(move || {
        let mut files = Vec::with_capacity(3 * recorded.len());
        let mut written = Vec::with_capacity(recorded.len());
        for one in recorded {
            let plan = prepared.plan();
            let line = plan.line(one.held.number).ok_or(Error::Internal(
                "the ledger names a line that the plan does not have",
            ))?;
            let record = one.line.seq;
            match one.end {
                // Free again when the run ends.
                WrapEnd::Left(_) => {}
                WrapEnd::Finished(finished) => {
                    let transfer = finished.into_transfer(prepared.self_test(), one.line);
                    let names = folder.files(line);
                    let blob = transfer.blob.to_bytes();
                    let receipt = transfer.receipt(&blob);
                    let (step, end) = if import_follows {
                        (Step::Wrapped, LineEnd::Wrapped)
                    } else {
                        (Step::Done, LineEnd::Done)
                    };
                    let detail = detail(&names, &receipt, record, one.held.detail.clone());
                    let mut report = LineReport::of(line, end);
                    report.file.clone_from(&detail.file);
                    files.push((names.blob, blob.clone()));
                    files.extend(receipt_files(names.receipt, names.page, &receipt));
                    written.push(Written {
                        advance: Advance {
                            number: line.number,
                            to: step,
                            detail,
                        },
                        report,
                        files: Some((blob, receipt)),
                        held: one.held,
                    });
                }
                WrapEnd::Failed(failure) => {
                    let mut report = LineReport::of(line, LineEnd::Failed);
                    report.error = Some(failure.body.clone());
                    let mark = one.held.detail.mark.clone();
                    written.push(Written {
                        advance: Advance {
                            number: line.number,
                            to: Step::Failed,
                            detail: Detail {
                                record: Some(record),
                                error: Some(failure.body),
                                mark,
                                ..Detail::default()
                            },
                        },
                        report,
                        files: None,
                        held: one.held,
                    });
                }
            }
        }
        if !files.is_empty() {
            folder.write_group(&files)?;
        }
        Ok(written)
    });
    done.await
        .map_err(|_| Error::Internal("the writer of a batch's files stopped"))?
}

/// What is kept of a wrapped line. A mark that an earlier try left stays: by it a lost import is found.
fn detail(names: &LineFiles, receipt: &Receipt, record: u64, before: Detail) -> Detail {
    Detail {
        file: Some(names.blob.to_string_lossy().into_owned()),
        file_sha256: Some(receipt.file_sha256.clone()),
        mark: before.mark,
        record: Some(record),
        ..Detail::default()
    }
}

/// A receipt, for machines and for people.
pub(super) fn receipt_files(
    name: std::path::PathBuf,
    page: std::path::PathBuf,
    receipt: &Receipt,
) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    vec![
        (name, receipt.to_bytes()),
        (page, keyferry_core::receipt_page(receipt).into_bytes()),
    ]
}
