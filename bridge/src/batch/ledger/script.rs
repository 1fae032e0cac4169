//! What is done to a ledger, each as one transaction that may be run again: a second run after an answer was lost
//! finds what the first one wrote and answers the same.

use super::note::{ApprovalNote, Detail};
use super::schema::{COUNT, TABLES, VERSION};
use super::seat::{Advance, Claim, SeatInfo, SeatState};
use super::step::{Counts, LedgerRow, Step};
use super::tx::{Row, Trouble, Tx, Value};
use super::{LedgerError, Recorded};
use crate::batch::plan::{Plan, PlanHeader, PlanLine, Sharing};

/// Lines of a plan that are written or read at a time, so that they are never all there as text.
const LINES: usize = 500;

/// The parts of a plan, as they stand in a ledger.
pub(super) struct PlanParts {
    pub(super) header: PlanHeader,
    pub(super) lines: Vec<PlanLine>,
}

/// Makes the tables, or sees that they are of this version.
pub(super) fn prepare(tx: &mut dyn Tx) -> Result<(), Trouble> {
    if count_tables(tx)? != COUNT {
        if let Some(lock) = tx.dialect().lock_tables() {
            tx.run(lock, &[])?;
        }
        for table in TABLES {
            tx.run(table, &[])?;
        }
    }
    let versions = tx.read("SELECT version FROM keyferry_ledger", &[])?;
    match versions.first() {
        None => tx
            .run(
                "INSERT INTO keyferry_ledger (version) VALUES ($1)",
                &[VERSION.into()],
            )
            .map(drop),
        Some(row) if row.int(0)? == VERSION => Ok(()),
        Some(row) => Err(Trouble::Failed(format!(
            "its tables have version {}, where this Keyferry has {VERSION}",
            row.int(0)?
        ))),
    }
}

fn count_tables(tx: &mut dyn Tx) -> Result<i64, Trouble> {
    let rows = tx.read(tx.dialect().count_tables(), &[])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Records a plan with all its lines.
pub(super) fn record_plan(tx: &mut dyn Tx, place: &str, plan: &Plan) -> Result<Recorded, Trouble> {
    let hash = plan.hash().to_string();
    if tx.dialect().holds_one_plan() {
        let others = tx.read(
            "SELECT hash FROM keyferry_plan WHERE hash <> $1",
            &[hash.as_str().into()],
        )?;
        if let Some(other) = others.first() {
            return Err(LedgerError::OtherPlan {
                place: place.to_owned(),
                found: other.text(0)?.to_owned(),
                wanted: hash,
            }
            .into());
        }
    }
    let lines = i64::try_from(plan.lines().len()).unwrap_or(i64::MAX);
    let added = tx.run(
        "INSERT INTO keyferry_plan (hash, header, lines) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &[
            hash.as_str().into(),
            written(plan.header())?.into(),
            lines.into(),
        ],
    )?;
    if added == 0 {
        return Ok(Recorded::Before);
    }
    let detail = written(&Detail::default())?;
    for lines in plan.lines().chunks(LINES) {
        let sets = lines
            .iter()
            .map(|line| {
                Ok(vec![
                    hash.as_str().into(),
                    line.number.into(),
                    written(line)?.into(),
                    detail.as_str().into(),
                ])
            })
            .collect::<Result<Vec<Vec<Value>>, Trouble>>()?;
        tx.run_each(
            "INSERT INTO keyferry_line (plan, number, content, step, attempts, detail) VALUES ($1, $2, $3, 0, 0, $4)",
            &sets,
        )?;
    }
    Ok(Recorded::Now)
}

/// The hashes of all plans.
pub(super) fn plans(tx: &mut dyn Tx) -> Result<Vec<String>, Trouble> {
    let rows = tx.read("SELECT hash FROM keyferry_plan ORDER BY hash", &[])?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// One plan, not yet held to its hash; none when it is not there.
pub(super) fn plan(tx: &mut dyn Tx, hash: &str) -> Result<Option<PlanParts>, Trouble> {
    let headers = tx.read(
        "SELECT header, lines FROM keyferry_plan WHERE hash = $1",
        &[hash.into()],
    )?;
    let Some(header) = headers.first() else {
        return Ok(None);
    };
    let most = i64::try_from(LINES).unwrap_or(i64::MAX);
    let mut sharing = Sharing::default();
    let mut lines = Vec::new();
    let mut after = 0;
    loop {
        let rows = tx.read(
            "SELECT number, content FROM keyferry_line WHERE plan = $1 AND number > $2 ORDER BY number LIMIT $3",
            &[hash.into(), after.into(), most.into()],
        )?;
        let Some(last) = rows.last() else {
            break;
        };
        after = last.int(0)?;
        for row in &rows {
            let mut line = part(row.text(1)?)?;
            sharing.line(&mut line);
            lines.push(line);
        }
    }
    if i64::try_from(lines.len()) != Ok(header.int(1)?) {
        return Err(Trouble::damaged("lines of the plan are missing"));
    }
    Ok(Some(PlanParts {
        header: part(header.text(0)?)?,
        lines,
    }))
}

fn part<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(|_| Trouble::damaged("a plan that cannot be read"))
}

/// Takes a seat.
pub(super) fn join(
    tx: &mut dyn Tx,
    plan: &str,
    id: &str,
    info: &SeatInfo,
    lease_ms: i64,
) -> Result<(), Trouble> {
    let known = tx.read(
        "SELECT lines FROM keyferry_plan WHERE hash = $1",
        &[plan.into()],
    )?;
    if known.is_empty() {
        return Err(Trouble::damaged("the plan is not in it"));
    }
    tx.run(
        "INSERT INTO keyferry_seat (id, plan, host, pid, folder, folder_id, since, lease_ms, beat, gone)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0) ON CONFLICT DO NOTHING",
        &[
            id.into(),
            plan.into(),
            info.host.as_str().into(),
            info.pid.into(),
            info.folder.as_str().into(),
            info.folder_id.as_str().into(),
            info.since.as_str().into(),
            lease_ms.into(),
        ],
    )
    .map(drop)
}

/// Gives up the seats that the folder had before `id`, whose holder has ended; returns how many lines became free.
pub(super) fn succeed(
    tx: &mut dyn Tx,
    plan: &str,
    id: &str,
    info: &SeatInfo,
) -> Result<u64, Trouble> {
    let former = tx.read(
        "SELECT id FROM keyferry_seat WHERE plan = $1 AND folder_id = $2 AND gone = 0 AND id <> $3",
        &[plan.into(), info.folder_id.as_str().into(), id.into()],
    )?;
    let mut freed = 0;
    for row in former {
        freed += leave(tx, row.text(0)?)?;
    }
    Ok(freed)
}

/// Advances the beat. Locks the seat's row first in every transaction that writes for it, so that giving it up and
/// using it cannot cross.
pub(super) fn beat(tx: &mut dyn Tx, id: &str) -> Result<(), Trouble> {
    let alive = tx.run(
        "UPDATE keyferry_seat SET beat = beat + 1 WHERE id = $1 AND gone = 0",
        &[id.into()],
    )?;
    if alive == 1 {
        Ok(())
    } else {
        Err(LedgerError::LeaseLost.into())
    }
}

/// Claims at most `most` free lines, the lowest numbers first.
pub(super) fn claim(
    tx: &mut dyn Tx,
    plan: &str,
    id: &str,
    ticket: i64,
    most: u32,
) -> Result<Vec<Claim>, Trouble> {
    beat(tx, id)?;
    let before = tx.read(
        "SELECT number, step, attempts, detail FROM keyferry_line WHERE seat = $1 AND ticket = $2 AND step < 4",
        &[id.into(), ticket.into()],
    )?;
    let rows = if before.is_empty() {
        let claim = format!(
            "WITH free AS MATERIALIZED (
                SELECT number FROM keyferry_line WHERE plan = $1 AND seat IS NULL AND step < 4
                ORDER BY number LIMIT $2 {})
             UPDATE keyferry_line SET seat = $3, ticket = $4, attempts = attempts + 1
             WHERE plan = $1 AND number IN (SELECT number FROM free)
             RETURNING number, step, attempts, detail",
            tx.dialect().skip_locked()
        );
        tx.read(
            &claim,
            &[plan.into(), most.into(), id.into(), ticket.into()],
        )?
    } else {
        before
    };
    let mut claims = rows
        .iter()
        .map(|row| {
            Ok(Claim {
                number: row.small(0)?,
                step: step(row.int(1)?)?,
                attempt: row.small(2)?,
                detail: detail(row.text(3)?)?,
            })
        })
        .collect::<Result<Vec<_>, Trouble>>()?;
    claims.sort_unstable_by_key(|claim| claim.number);
    Ok(claims)
}

/// Writes steps of lines that the seat holds; all of them or none.
pub(super) fn advance(
    tx: &mut dyn Tx,
    plan: &str,
    id: &str,
    group: &[Advance],
) -> Result<(), Trouble> {
    beat(tx, id)?;
    let sets = group
        .iter()
        .map(|advance| {
            Ok(vec![
                advance.to.number().into(),
                written(&advance.detail)?.into(),
                plan.into(),
                advance.number.into(),
                id.into(),
            ])
        })
        .collect::<Result<Vec<_>, Trouble>>()?;
    // An end may be written twice, the same: the first answer can have been lost.
    let changed = tx.run_each(
        "UPDATE keyferry_line SET step = $1, detail = $2
         WHERE plan = $3 AND number = $4 AND seat = $5 AND (step < 4 OR step = $1)",
        &sets,
    )?;
    match changed
        .iter()
        .zip(group)
        .find(|(changed, _)| **changed != 1)
    {
        None => Ok(()),
        Some((_, advance)) => Err(LedgerError::NotHeld {
            number: advance.number,
        }
        .into()),
    }
}

/// Gives lines back that are not at an end.
pub(super) fn release(
    tx: &mut dyn Tx,
    plan: &str,
    id: &str,
    numbers: &[u32],
) -> Result<(), Trouble> {
    beat(tx, id)?;
    let sets: Vec<Vec<Value>> = numbers
        .iter()
        .map(|number| vec![plan.into(), (*number).into(), id.into()])
        .collect();
    tx.run_each(
        "UPDATE keyferry_line SET seat = NULL, ticket = NULL WHERE plan = $1 AND number = $2 AND seat = $3 AND step < 4",
        &sets,
    )
    .map(drop)
}

/// Gives a seat up, with all that it holds; returns how many lines became free.
pub(super) fn leave(tx: &mut dyn Tx, id: &str) -> Result<u64, Trouble> {
    tx.run(
        "UPDATE keyferry_seat SET gone = 1 WHERE id = $1",
        &[id.into()],
    )?;
    free_lines(tx, id)
}

/// Gives up a seat whose beat is still the one that was watched; returns how many lines became free.
pub(super) fn evict(tx: &mut dyn Tx, id: &str, beat: i64) -> Result<u64, Trouble> {
    let stood_still = tx.run(
        "UPDATE keyferry_seat SET gone = 1 WHERE id = $1 AND beat = $2 AND gone = 0",
        &[id.into(), beat.into()],
    )?;
    if stood_still == 1 {
        free_lines(tx, id)
    } else {
        Ok(0)
    }
}

fn free_lines(tx: &mut dyn Tx, id: &str) -> Result<u64, Trouble> {
    tx.run(
        "UPDATE keyferry_line SET seat = NULL, ticket = NULL WHERE seat = $1 AND step < 4",
        &[id.into()],
    )
}

/// The seats that are taken.
pub(super) fn seats(tx: &mut dyn Tx, plan: &str) -> Result<Vec<SeatState>, Trouble> {
    let rows = tx.read(
        "SELECT s.id, s.host, s.pid, s.folder, s.folder_id, s.since, s.lease_ms, s.beat,
                (SELECT COUNT(*) FROM keyferry_line l WHERE l.seat = s.id AND l.step < 4)
         FROM keyferry_seat s WHERE s.plan = $1 AND s.gone = 0 ORDER BY s.since, s.id",
        &[plan.into()],
    )?;
    rows.iter()
        .map(|row| {
            Ok(SeatState {
                id: row.text(0)?.to_owned(),
                info: SeatInfo {
                    host: row.text(1)?.to_owned(),
                    pid: row.small(2)?,
                    folder: row.text(3)?.to_owned(),
                    folder_id: row.text(4)?.to_owned(),
                    since: row.text(5)?.to_owned(),
                },
                lease_ms: u64::try_from(row.int(6)?)
                    .map_err(|_| Trouble::damaged("a lease is negative"))?,
                beat: row.int(7)?,
                holds: row.small(8)?,
            })
        })
        .collect()
}

/// How many lines are where.
pub(super) fn counts(tx: &mut dyn Tx, plan: &str) -> Result<Counts, Trouble> {
    let rows = tx.read(
        "SELECT step, CAST(CASE WHEN seat IS NULL THEN 0 ELSE 1 END AS BIGINT), COUNT(*)
         FROM keyferry_line WHERE plan = $1 GROUP BY 1, 2",
        &[plan.into()],
    )?;
    let mut counts = Counts::default();
    for row in &rows {
        let number = row.small(2)?;
        counts.lines += number;
        match (step(row.int(0)?)?, row.int(1)?) {
            (Step::Done, _) => counts.done += number,
            (Step::Failed, _) => counts.failed += number,
            (_, 0) => counts.open += number,
            (_, _) => counts.held += number,
        }
    }
    Ok(counts)
}

/// At most `most` lines after `after`, of one step or of all.
pub(super) fn rows(
    tx: &mut dyn Tx,
    plan: &str,
    of: Option<Step>,
    after: u32,
    most: u32,
) -> Result<Vec<LedgerRow>, Trouble> {
    let (least, greatest) = of.map_or((0, i64::MAX), |step| (step.number(), step.number()));
    let rows = tx.read(
        "SELECT number, step, seat, attempts, detail FROM keyferry_line
         WHERE plan = $1 AND number > $2 AND step >= $3 AND step <= $4 ORDER BY number LIMIT $5",
        &[
            plan.into(),
            after.into(),
            least.into(),
            greatest.into(),
            most.into(),
        ],
    )?;
    rows.iter().map(ledger_row).collect()
}

/// Opens lines that failed, for another try; returns how many.
pub(super) fn reopen(tx: &mut dyn Tx, plan: &str) -> Result<u64, Trouble> {
    // What is known stays: by its mark an import that failed with an unknown end is found before it is tried again.
    tx.run(
        "UPDATE keyferry_line SET step = $1, seat = NULL, ticket = NULL WHERE plan = $2 AND step = $3",
        &[
            Step::Planned.number().into(),
            plan.into(),
            Step::Failed.number().into(),
        ],
    )
}

/// Notes an approval.
pub(super) fn record_approval(
    tx: &mut dyn Tx,
    plan: &str,
    note: &ApprovalNote,
) -> Result<(), Trouble> {
    tx.run(
        "INSERT INTO keyferry_approval (plan, note) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[plan.into(), written(note)?.into()],
    )
    .map(drop)
}

/// The approvals that were noted.
pub(super) fn approvals(tx: &mut dyn Tx, plan: &str) -> Result<Vec<ApprovalNote>, Trouble> {
    let rows = tx.read(
        "SELECT note FROM keyferry_approval WHERE plan = $1 ORDER BY note",
        &[plan.into()],
    )?;
    rows.iter()
        .map(|row| {
            serde_json::from_str(row.text(0)?).map_err(|_| Trouble::damaged("an approval's note"))
        })
        .collect()
}

fn ledger_row(row: &Row) -> Result<LedgerRow, Trouble> {
    Ok(LedgerRow {
        number: row.small(0)?,
        step: step(row.int(1)?)?,
        seat: row.optional_text(2).map(str::to_owned),
        attempts: row.small(3)?,
        detail: detail(row.text(4)?)?,
    })
}

fn step(number: i64) -> Result<Step, Trouble> {
    Step::of_number(number).ok_or_else(|| Trouble::damaged(format!("there is no step {number}")))
}

fn detail(text: &str) -> Result<Detail, Trouble> {
    serde_json::from_str(text).map_err(|_| Trouble::damaged("what is known of a line"))
}

fn written(value: &impl serde::Serialize) -> Result<String, Trouble> {
    serde_json::to_string(value).map_err(|error| Trouble::Failed(error.to_string()))
}
