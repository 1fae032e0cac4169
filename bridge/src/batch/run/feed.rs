//! Claims lines and sends each to the stage that it has come to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::course::{Course, Held, IN_FLIGHT, Importer, ToImport};
use super::portion::Portion;
use crate::Error;
use crate::batch::BatchError;
use crate::batch::ledger::Step;

/// How long to wait before looking again, while others hold what is left.
const OTHERS: Duration = Duration::from_millis(500);

/// The same while keys of our own are at the vaults.
const OWN: Duration = Duration::from_millis(100);

pub(super) async fn feed(
    course: &Course,
    work: mpsc::UnboundedSender<Held>,
    importer: Option<Importer>,
    portion: Portion,
) {
    if let Err(error) = claim_all(course, &work, importer.as_ref(), portion).await {
        course.give_up(error);
    }
}

async fn claim_all(
    course: &Course,
    work: &mpsc::UnboundedSender<Held>,
    importer: Option<&Importer>,
    mut portion: Portion,
) -> Result<(), Error> {
    // Whether nobody had a line that could come back when nothing was to be claimed the last time.
    let mut nothing_comes = false;
    loop {
        portion.measure(course.backlog.answered(), Instant::now());
        let size = portion.size();
        tokio::select! {
            biased;
            () = course.stop.said() => return Ok(()),
            () = course.backlog.at_most(size) => {}
        }
        // One place at least, and as many as are free then.
        let first = tokio::select! {
            biased;
            () = course.stop.said() => return Ok(()),
            place = Arc::clone(&course.places).acquire_owned() => place,
        };
        let Ok(mut places) = first else {
            return Ok(());
        };
        while places.num_permits() < size.min(IN_FLIGHT) as usize
            && let Ok(more) = Arc::clone(&course.places).try_acquire_owned()
        {
            places.merge(more);
        }
        let most = u32::try_from(places.num_permits()).unwrap_or(size);
        let mut claims = course.seat.claim(most).await.map_err(BatchError::from)?;
        if claims.is_empty() {
            drop(places);
            // What is at the vaults may come back, to be wrapped anew.
            let returns = importer.is_some() && in_flight(course);
            if !returns && !others_hold_some(course).await? {
                // One may have come back between the claim and this look.
                if nothing_comes {
                    return Ok(());
                }
                nothing_comes = true;
                continue;
            }
            nothing_comes = false;
            let pause = if returns { OWN } else { OTHERS };
            tokio::select! {
                () = course.stop.said() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
            continue;
        }
        nothing_comes = false;
        // Neighbours of one KEK are wrapped together.
        claims.sort_by_cached_key(|claim| {
            let kid = course.line(claim.number).map(|line| line.kid.clone());
            (kid.unwrap_or_default(), claim.number)
        });
        for claim in claims {
            let place = places
                .split(1)
                .ok_or(Error::Internal("more was claimed than asked for"))?;
            let held = Held {
                number: claim.number,
                step: claim.step,
                detail: claim.detail,
                _place: place,
                waits: None,
            };
            send(course, held, work, importer)?;
        }
    }
}

fn send(
    course: &Course,
    mut held: Held,
    work: &mpsc::UnboundedSender<Held>,
    importer: Option<&Importer>,
) -> Result<(), Error> {
    if course.is_without(course.line(held.number)?) {
        return Ok(());
    }
    // A stage whose receiver is gone has told why, and the run is stopping.
    // A mark: a vault may have been asked. A file: an earlier run wrapped it and could not import it.
    let came_far =
        matches!(held.step, Step::Wrapped | Step::Importing) || held.detail.file.is_some();
    let _gone = match importer {
        Some(importer) if came_far => importer.send(ToImport { held, files: None }).is_err(),
        _ => {
            held.waits = Some(course.backlog.one());
            work.send(held).is_err()
        }
    };
    Ok(())
}

fn in_flight(course: &Course) -> bool {
    course.places.available_permits() < IN_FLIGHT as usize
}

/// Whether another bridge holds lines of this plan, which may become free again.
async fn others_hold_some(course: &Course) -> Result<bool, Error> {
    let ledger = course.seat.ledger();
    let seats = ledger
        .seats(course.plan().hash())
        .await
        .map_err(BatchError::from)?;
    Ok(seats
        .iter()
        .any(|seat| seat.id != course.seat.id() && seat.holds > 0))
}
