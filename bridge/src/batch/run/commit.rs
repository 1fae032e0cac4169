//! What was wrapped gets on disk, in groups: the record's lines, then files and receipts, then the ledger. Each of
//! these is a stage of its own and is flushed once a group, and a key is told of after all three.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use keyferry_core::{AuditEntry, AuditLine, Receipt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::course::{Course, Held, Importer, ToImport};
use super::wrap::{Made, WrapEnd};
use super::{LineEnd, LineReport};
use crate::Error;
use crate::batch::BatchError;
use crate::batch::folder::LineFiles;
use crate::batch::ledger::{Advance, Detail, Step};
use crate::batch::prepared::to_u64;

/// Most and least keys that are worth a flush of their own.
const GROUP: usize = 256;
const FEW: usize = 16;

/// Which part of what is left a group waits for at most. The last groups are small: while they are put on disk the HSM
/// has nothing to do any more.
const SHARES: u64 = 8;

/// How long a group waits for more keys: its flushes cost about as much for one as for many.
const GATHER: Duration = Duration::from_millis(20);

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

/// A group whose files are on disk.
type Group = Vec<Written>;

/// Groups that wait between two stages. More would only make what a stop has to finish longer.
const AHEAD: usize = 1;

/// Starts the stages. Each works on a group while the next one is in the stage before it: one flushes while another
/// computes. About `left` keys will come.
pub(super) fn start(
    course: &Arc<Course>,
    made: mpsc::UnboundedReceiver<Made>,
    importer: Option<Importer>,
    left: u64,
    tasks: &mut JoinSet<()>,
) {
    let (recorded, to_write) = mpsc::channel(AHEAD);
    let (written, to_enter) = mpsc::channel(AHEAD);
    let import_follows = importer.is_some();
    let stage = Arc::clone(course);
    tasks.spawn(async move { settle(&stage, record_all(&stage, made, recorded, left).await) });
    let stage = Arc::clone(course);
    let writing = async move {
        let done = write_all(&stage, to_write, written, import_follows).await;
        settle(&stage, done);
    };
    tasks.spawn(writing);
    let stage = Arc::clone(course);
    tasks.spawn(async move { settle(&stage, enter_all(&stage, to_enter, importer).await) });
}

/// What is not on disk is not done: it is made anew by whoever goes on.
fn settle(course: &Course, done: Result<(), Error>) {
    if let Err(error) = done {
        course.give_up(error);
    }
}

/// The outcomes of what the HSM made in the record, until there is no more. Ends early when the stage after it has
/// ended, which has told why.
async fn record_all(
    course: &Course,
    mut made: mpsc::UnboundedReceiver<Made>,
    recorded: mpsc::Sender<Vec<Recorded>>,
    mut left: u64,
) -> Result<(), Error> {
    let mut group = Vec::with_capacity(GROUP);
    while gather(&mut made, &mut group, worth_a_flush(left)).await {
        left = left.saturating_sub(to_u64(group.len()));
        let lines = record(course, std::mem::take(&mut group)).await?;
        if recorded.send(lines).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// How many keys a group waits for.
fn worth_a_flush(left: u64) -> usize {
    let share = usize::try_from(left / SHARES).unwrap_or(GROUP);
    share.clamp(FEW, GROUP)
}

/// Fills a group until it is worth a flush, with what comes within a moment; false when there is no more.
async fn gather(
    made: &mut mpsc::UnboundedReceiver<Made>,
    group: &mut Vec<Made>,
    worth: usize,
) -> bool {
    if made.recv_many(group, GROUP).await == 0 {
        return false;
    }
    let until = Instant::now() + GATHER;
    while group.len() < worth {
        let more = made.recv_many(group, GROUP - group.len());
        match tokio::time::timeout_at(until, more).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
    }
    true
}

/// The files of what is in the record.
async fn write_all(
    course: &Course,
    mut recorded: mpsc::Receiver<Vec<Recorded>>,
    written: mpsc::Sender<Group>,
    import_follows: bool,
) -> Result<(), Error> {
    while let Some(group) = recorded.recv().await {
        let group = write(course, group, import_follows).await?;
        if written.send(group).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The ledger's steps of what has its files; then each key is told of, and goes on to be imported.
async fn enter_all(
    course: &Course,
    mut written: mpsc::Receiver<Group>,
    importer: Option<Importer>,
) -> Result<(), Error> {
    while let Some(group) = written.recv().await {
        let advances = group.iter().map(|one| one.advance.clone()).collect();
        course
            .seat
            .advance(advances)
            .await
            .map_err(BatchError::from)?;
        for one in group {
            let to_import = one.report.end == LineEnd::Wrapped;
            let detail = one.advance.detail;
            course.tell(one.report);
            if let (true, Some(importer)) = (to_import, &importer) {
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
    let prepared = Arc::clone(&course.prepared);
    let folder = course.folder.clone();
    let done = tokio::task::spawn_blocking(move || {
        let mut files = Vec::with_capacity(2 * recorded.len());
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
                    files.push((names.receipt, receipt.to_bytes()));
                    let to_import = import_follows.then(|| (blob.clone(), receipt));
                    files.push((names.blob, blob));
                    written.push(Written {
                        advance: Advance {
                            number: line.number,
                            to: step,
                            detail,
                        },
                        report,
                        files: to_import,
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
