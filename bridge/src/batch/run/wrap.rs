//! The HSM's stage: takes claimed keys in groups of one KEK, and has a worker wrap them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use keyferry_core::{AuditEntry, KeySelector, Outcome, visible};
use tokio::sync::{Mutex, RwLock, mpsc};

use super::course::{Course, Held};
use super::fault::{Failure, Whose, whose};
use super::{LineEnd, LineReport};
use crate::Error;
use crate::batch::BatchError;
use crate::batch::plan::{PlanKey, SpkiHash};
use crate::hsm::{HsmError, StrategyDemand, WrapMany, Wrapped};
use crate::session::TokenSession;
use crate::transfer::{Finished, OneKey};

/// Most keys of one question. Between two of them the worker waits for what goes over the pipe.
const MOST: usize = 256;

/// How long one question is meant to take: a stop waits for it, and a lost worker loses it.
const MEANT: Duration = Duration::from_millis(120);

/// How often one key may lose its worker before it is left alone.
const LOSSES: u32 = 3;

/// How often, and how long, a worker is waited for while none is started because too many were lost.
const UNSTABLE_TRIES: u32 = 12;
const UNSTABLE_PAUSE: Duration = Duration::from_secs(5);

/// A key that came back from the HSM.
pub(super) struct Made {
    pub(super) held: Held,
    pub(super) entry: AuditEntry,
    pub(super) end: WrapEnd,
}

/// How its wrap ended.
pub(super) enum WrapEnd {
    /// Wrapped.
    Finished(Box<Finished>),
    /// It failed.
    Failed(Failure),
    /// It failed by what stops the run: the record says so, and the key is left for another run.
    Left(Failure),
}

/// A session that several questions are put to. After a loss keys are tried one at a time and alone: a question
/// that only waited beside the one that took the worker along would be blamed for it.
pub(super) struct Lane {
    session: Arc<TokenSession>,
    /// How many were put.
    questions: AtomicU64,
    turns: RwLock<()>,
}

impl Lane {
    pub(super) fn new(session: Arc<TokenSession>) -> Self {
        Self {
            session,
            questions: AtomicU64::new(0),
            turns: RwLock::new(()),
        }
    }
}

/// Claimed keys that wait for a worker.
pub(super) struct Queue(Mutex<Waiting>);

struct Waiting {
    queue: mpsc::UnboundedReceiver<Held>,
    /// Taken, and found to be of another KEK than its neighbours.
    next: Option<Held>,
}

/// A key in a question.
struct Asked {
    /// The number of the question.
    question: u64,
    held: Held,
    one: OneKey,
    entry: AuditEntry,
}

impl Queue {
    pub(super) fn new(queue: mpsc::UnboundedReceiver<Held>) -> Self {
        Self(Mutex::new(Waiting { queue, next: None }))
    }

    /// At most `most` keys of one KEK; none when there will be no more.
    async fn group(&self, course: &Course, most: usize) -> Vec<Held> {
        let mut waiting = self.0.lock().await;
        let first = match waiting.next.take() {
            Some(held) => held,
            None => match waiting.queue.recv().await {
                Some(held) => held,
                None => return Vec::new(),
            },
        };
        let kid = |held: &Held| course.line(held.number).ok().map(|line| &line.kid);
        let mut group = vec![first];
        while group.len() < most
            && let Ok(held) = waiting.queue.try_recv()
        {
            if group.first().map(kid) == Some(kid(&held)) {
                group.push(held);
            } else {
                waiting.next = Some(held);
                break;
            }
        }
        group
    }
}

/// Works until the queue has ended or the run is stopped.
pub(super) async fn work(
    course: &Course,
    lane: &Lane,
    queue: &Queue,
    made: &mpsc::UnboundedSender<Made>,
) {
    let mut size = 1;
    loop {
        let group = tokio::select! {
            biased;
            () = course.stop.said() => return,
            group = queue.group(course, size) => group,
        };
        if group.is_empty() {
            return;
        }
        let begun = Instant::now();
        let count = group.len();
        wrap_group(course, lane, group, made).await;
        size = next_size(size, count, begun.elapsed());
    }
}

/// A fast token gets many keys at once, a slow one few.
fn next_size(size: usize, count: usize, took: Duration) -> usize {
    if took > MEANT {
        (size / 2).max(1)
    } else if count == size && took < MEANT / 2 {
        (size * 4).min(MOST)
    } else {
        size
    }
}

async fn wrap_group(
    course: &Course,
    lane: &Lane,
    group: Vec<Held>,
    made: &mpsc::UnboundedSender<Made>,
) {
    let mut asked = VecDeque::with_capacity(group.len());
    let question = lane.questions.fetch_add(1, Ordering::Relaxed);
    for held in group {
        let Ok(line) = course.line(held.number) else {
            continue;
        };
        match course.approved(line) {
            Ok((one, entry)) => asked.push_back(Asked {
                question,
                held,
                one,
                entry,
            }),
            Err(refused) => {
                let (entry, failure) = *refused;
                give(made, held, entry, WrapEnd::Failed(failure));
            }
        }
    }
    if asked.is_empty() {
        return;
    }
    let answered = {
        let _beside_others = lane.turns.read().await;
        ask(course, &lane.session, &mut asked, made).await
    };
    match answered {
        Ok(()) => {}
        Err(error) if whose(&error) == Whose::Worker => {
            if lost(course, &asked, &error).await {
                one_by_one(course, lane, asked, made).await;
            }
        }
        Err(error) => course.give_up(error),
    }
}

/// After a loss each key that has no answer is tried by itself: the one that takes the worker along is found so.
async fn one_by_one(
    course: &Course,
    lane: &Lane,
    group: VecDeque<Asked>,
    made: &mpsc::UnboundedSender<Made>,
) {
    for asked in group {
        let mut losses = 0;
        let question = asked.question;
        let mut one = VecDeque::from([asked]);
        loop {
            if course.stop.is_said() {
                return;
            }
            let answered = {
                let _alone = lane.turns.write().await;
                ask(course, &lane.session, &mut one, made).await
            };
            let Err(error) = answered else {
                break;
            };
            if whose(&error) != Whose::Worker {
                course.give_up(error);
                return;
            }
            losses += 1;
            if losses < LOSSES {
                if !lost(course, &one, &error).await {
                    return;
                }
                continue;
            }
            for asked in one {
                let failure = WrapEnd::Failed(Failure::from(&error));
                give(made, asked.held, asked.entry, failure);
            }
            if course.hsm.is_too_much(&error, question) {
                course.give_up(error);
                return;
            }
            break;
        }
    }
}

/// Puts down that the worker was lost with these keys: none is wrapped again before that is on disk. False when the
/// run has to end.
async fn lost(course: &Course, asked: &VecDeque<Asked>, error: &Error) -> bool {
    let lines = asked.iter().map(|asked| {
        let mut entry = asked.entry.clone();
        entry.outcome = Outcome::Failed;
        entry.code = Some(error.code().to_owned());
        course.audit.append(entry)
    });
    for written in join_all(lines).await {
        if let Err(error) = written {
            course.give_up(error);
            return false;
        }
    }
    for asked in asked {
        if let Ok(line) = course.line(asked.held.number) {
            let mut report = LineReport::of(line, LineEnd::Again);
            report.error = Some(error.body());
            course.tell(report);
        }
    }
    true
}

/// Asks, and waits where too many workers were lost of late to start another one at once. Where no PIN is kept for the
/// successor of one, whoever is needed is asked again. Each key is concluded as its answer comes; when the worker is
/// lost, those without one are left in `asked`.
async fn ask(
    course: &Course,
    session: &TokenSession,
    asked: &mut VecDeque<Asked>,
    made: &mpsc::UnboundedSender<Made>,
) -> Result<(), Error> {
    let mut login = Some(());
    for _ in 0..UNSTABLE_TRIES {
        match ask_once(course, session, asked, made).await {
            Err(Error::Hsm(HsmError::NotLoggedIn))
                if !course.stop.is_said() && login.take().is_some() =>
            {
                session.unlock(&course.audit).await?;
            }
            Err(Error::Hsm(HsmError::WorkerUnstable { .. })) if !course.stop.is_said() => {
                tokio::select! {
                    () = course.stop.said() => {}
                    () = tokio::time::sleep(UNSTABLE_PAUSE) => {}
                }
            }
            answered => return answered,
        }
    }
    ask_once(course, session, asked, made).await
}

async fn ask_once(
    course: &Course,
    session: &TokenSession,
    asked: &mut VecDeque<Asked>,
    made: &mpsc::UnboundedSender<Made>,
) -> Result<(), Error> {
    let many = question(asked)?;
    let hsm = session.hsm().await?;
    let (wrapped, mut answers) = mpsc::unbounded_channel();
    let hear = async {
        while let Some(some) = answers.recv().await {
            for answer in some {
                let Some(asked) = asked.pop_front() else {
                    return Err(Error::Internal(
                        "the worker answered for more keys than asked",
                    ));
                };
                conclude(course, session, asked, answer, made);
            }
        }
        Ok(())
    };
    let (answered, heard) = tokio::join!(hsm.wrap_many(many, wrapped), hear);
    answered?;
    heard?;
    if asked.is_empty() {
        Ok(())
    } else {
        Err(Error::Internal("the worker left keys without an answer"))
    }
}

fn question(asked: &VecDeque<Asked>) -> Result<WrapMany, Error> {
    let first = asked
        .front()
        .ok_or(Error::Internal("a question about no key"))?
        .one
        .request();
    Ok(WrapMany {
        keys: asked
            .iter()
            .map(|asked| {
                let question = asked.one.question();
                KeySelector {
                    label: Some(question.label.clone()),
                    id: Some(question.id.clone()),
                }
            })
            .collect(),
        kek_modulus: first.kek_modulus,
        kek_exponent: first.kek_exponent,
        // A plan holds nothing unproven.
        strategy: StrategyDemand::Proven,
    })
}

/// Whether it is the key that was approved, as far as its public key tells: label and id may name another one by now, or
/// on another bridge's token.
fn is_the_plans(key: &PlanKey, wrapped: &Wrapped) -> bool {
    key.spki_sha256
        .is_none_or(|known| wrapped.spki.as_deref().map(SpkiHash::of) == Some(known))
}

fn conclude(
    course: &Course,
    session: &TokenSession,
    asked: Asked,
    answer: Result<Wrapped, HsmError>,
    made: &mpsc::UnboundedSender<Made>,
) {
    let Asked {
        question,
        held,
        one,
        mut entry,
    } = asked;
    let finished = course.line(held.number).and_then(|line| match answer {
        Ok(wrapped) if !is_the_plans(&line.key, &wrapped) => Err(BatchError::KeyReplaced {
            label: visible(&line.key.label),
        }
        .into()),
        answer => one.finish(answer, session, &mut entry),
    });
    match finished {
        Ok(finished) => {
            course.hsm.worked(question);
            give(made, held, entry, WrapEnd::Finished(Box::new(finished)));
        }
        Err(error) => {
            let failure = Failure::from(&error);
            if course.hsm.is_too_much(&error, question) {
                course.give_up(error);
                give(made, held, entry, WrapEnd::Left(failure));
            } else {
                give(made, held, entry, WrapEnd::Failed(failure));
            }
        }
    }
}

/// The stage after this one has told why, when it is gone.
fn give(made: &mpsc::UnboundedSender<Made>, mut held: Held, entry: AuditEntry, end: WrapEnd) {
    held.waits = None;
    let _gone = made.send(Made { held, entry, end });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_token_is_asked_for_more_at_once_and_a_slow_one_for_less() {
        let fast = Duration::from_millis(5);
        let slow = Duration::from_secs(1);
        let mut size = 1;
        for _ in 0..10 {
            size = next_size(size, size, fast);
        }
        assert_eq!(size, MOST);
        assert_eq!(next_size(8, 3, fast), 8, "a short queue says nothing");
        assert_eq!(next_size(8, 8, slow), 4);
        assert_eq!(next_size(1, 1, slow), 1);
    }
}
