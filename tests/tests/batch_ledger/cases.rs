//! The cases, each told nothing of the database that it runs on.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use keyferry::batch::ledger::{
    Advance, ApprovalNote, Claim, Counts, Detail, LedgerError, Recorded, Seat, Step,
};
use keyferry_core::ApprovalKind;

use crate::place::Place;
use crate::plan::plan;

/// A lease that no case outlasts unless it means to.
const LONG: Duration = Duration::from_secs(600);

/// A lease to outlast.
const SHORT: Duration = Duration::from_secs(2);

/// A recorded plan of `count` lines and a seat in it.
async fn seated(place: &Place, count: u32, name: &str, lease: Duration) -> Seat {
    let ledger = place.connect().await;
    let plan = plan(count);
    ledger.record_plan(&plan).await.unwrap();
    ledger
        .join(&place.hold(name), plan.hash(), lease)
        .await
        .unwrap()
}

fn numbers(claims: &[Claim]) -> Vec<u32> {
    claims.iter().map(|claim| claim.number).collect()
}

fn to(number: u32, step: Step) -> Advance {
    Advance {
        number,
        to: step,
        detail: Detail::default(),
    }
}

pub(crate) async fn a_plan_is_recorded_once_and_read_back_whole(place: Place) {
    let ledger = place.connect().await;
    let plan = plan(1200);
    assert_eq!(ledger.record_plan(&plan).await.unwrap(), Recorded::Now);
    assert_eq!(ledger.record_plan(&plan).await.unwrap(), Recorded::Before);
    let other = place.connect().await;
    assert_eq!(other.record_plan(&plan).await.unwrap(), Recorded::Before);
    assert_eq!(other.plans().await.unwrap(), [plan.hash()]);
    assert_eq!(other.plan(plan.hash()).await.unwrap(), *plan);
    let counts = other.counts(plan.hash()).await.unwrap();
    let expected = Counts {
        lines: 1200,
        open: 1200,
        ..Counts::default()
    };
    assert_eq!(counts, expected);
    let unknown = "0".repeat(64).parse().unwrap();
    let error = other.plan(unknown).await.unwrap_err();
    assert_eq!(error.code(), "ledger-plan-unknown");
}

pub(crate) async fn bridges_at_once_claim_each_line_once(place: Place) {
    const LINES: u32 = 400;
    const BRIDGES: usize = 6;
    let mut seats = Vec::new();
    for number in 0..BRIDGES {
        seats.push(seated(&place, LINES, &format!("bridge-{number}"), LONG).await);
    }
    let mut bridges = Vec::new();
    for seat in seats {
        bridges.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                // What wraps take: without it, one on a file could be through before the others wake.
                tokio::time::sleep(Duration::from_millis(10)).await;
                let claims = seat.claim(7).await.unwrap();
                if claims.is_empty() {
                    return mine;
                }
                assert!(claims.iter().all(|claim| claim.attempt == 1));
                let group = claims.iter().map(|claim| to(claim.number, Step::Done));
                seat.advance(group.collect()).await.unwrap();
                mine.extend(numbers(&claims));
            }
        }));
    }
    let mut all = Vec::new();
    let mut took_part = 0;
    for bridge in bridges {
        let mine = bridge.await.unwrap();
        took_part += usize::from(!mine.is_empty());
        all.extend(mine);
    }
    assert_eq!(
        all.len(),
        LINES as usize,
        "a line was claimed twice or never"
    );
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), LINES as usize);
    assert!(took_part > 1, "one bridge did all the work");
    let ledger = place.connect().await;
    let counts = ledger.counts(plan(LINES).hash()).await.unwrap();
    assert!(counts.is_complete() && counts.done == LINES, "{counts:?}");
}

pub(crate) async fn what_a_dead_bridge_held_is_taken_up_after_its_lease_and_not_before(
    place: Place,
) {
    let dead = seated(&place, 10, "dead", SHORT).await;
    assert_eq!(numbers(&dead.claim(4).await.unwrap()), [1, 2, 3, 4]);
    drop(dead);
    let heir = seated(&place, 10, "heir", LONG).await;
    let watched = Instant::now();
    assert_eq!(
        numbers(&heir.claim(100).await.unwrap()),
        [5, 6, 7, 8, 9, 10]
    );
    let taken = loop {
        let claims = heir.claim(100).await.unwrap();
        if !claims.is_empty() {
            break claims;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(
        watched.elapsed() >= SHORT,
        "taken up before the lease ran out"
    );
    assert_eq!(numbers(&taken), [1, 2, 3, 4]);
    assert!(taken.iter().all(|claim| claim.attempt == 2));
}

pub(crate) async fn a_bridge_that_lives_keeps_its_lines_however_slow_it_is(place: Place) {
    // Longer than a flush can hold its beats up.
    let lease = SHORT * 4;
    let slow = seated(&place, 3, "slow", lease).await;
    let alive = slow.keep_alive();
    slow.claim(3).await.unwrap();
    let other = seated(&place, 3, "other", LONG).await;
    let until = Instant::now() + lease * 2;
    while Instant::now() < until {
        assert_eq!(other.claim(3).await.unwrap(), []);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    slow.advance(vec![to(1, Step::Done)]).await.unwrap();
    drop(alive);
}

pub(crate) async fn one_that_was_given_up_can_write_nothing_more(place: Place) {
    let asleep = seated(&place, 3, "asleep", SHORT).await;
    asleep.claim(3).await.unwrap();
    let heir = seated(&place, 3, "heir", LONG).await;
    let taken = loop {
        let claims = heir.claim(1).await.unwrap();
        if !claims.is_empty() {
            break claims;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(numbers(&taken), [1]);
    // Awake again, it learns of it at its next write, whichever that is; also for lines that nobody took yet.
    for error in [
        asleep
            .advance(vec![to(1, Step::Importing)])
            .await
            .unwrap_err(),
        asleep
            .advance(vec![to(2, Step::Importing)])
            .await
            .unwrap_err(),
        asleep.claim(1).await.unwrap_err(),
        asleep.renew().await.unwrap_err(),
        asleep.release(vec![3]).await.unwrap_err(),
    ] {
        assert_eq!(error, LedgerError::LeaseLost);
    }
    heir.advance(vec![to(1, Step::Done)]).await.unwrap();
    let rows = heir
        .ledger()
        .rows(plan(3).hash(), None, 0, 10)
        .await
        .unwrap();
    let steps: Vec<Step> = rows.iter().map(|row| row.step).collect();
    assert_eq!(steps, [Step::Done, Step::Planned, Step::Planned]);
}

pub(crate) async fn a_group_is_written_whole_or_not_at_all(place: Place) {
    let seat = seated(&place, 5, "seat", LONG).await;
    seat.claim(2).await.unwrap();
    let error = seat
        .advance(vec![
            to(1, Step::Done),
            to(2, Step::Done),
            to(3, Step::Done),
        ])
        .await
        .unwrap_err();
    assert_eq!(error, LedgerError::NotHeld { number: 3 });
    let counts = seat.ledger().counts(plan(5).hash()).await.unwrap();
    assert_eq!((counts.done, counts.held, counts.open), (0, 2, 3));
    let group = vec![to(2, Step::Done), to(1, Step::Failed)];
    seat.advance(group).await.unwrap();
    let counts = seat.ledger().counts(plan(5).hash()).await.unwrap();
    assert_eq!((counts.done, counts.failed, counts.held), (1, 1, 0));
}

pub(crate) async fn a_step_may_be_written_twice_the_same_and_an_end_stays(place: Place) {
    let seat = seated(&place, 2, "seat", LONG).await;
    seat.claim(2).await.unwrap();
    for _ in 0..2 {
        seat.advance(vec![to(1, Step::Wrapped)]).await.unwrap();
        seat.advance(vec![to(2, Step::Done)]).await.unwrap();
    }
    for step in [Step::Planned, Step::Importing, Step::Failed] {
        let error = seat.advance(vec![to(2, step)]).await.unwrap_err();
        assert_eq!(error, LedgerError::NotHeld { number: 2 });
    }
}

pub(crate) async fn the_next_bridge_finds_how_far_a_line_had_come(place: Place) {
    let first = seated(&place, 3, "first", LONG).await;
    first.claim(3).await.unwrap();
    let detail = Detail {
        file: Some("KeyTransferPackage-tenant-2.byok".to_owned()),
        file_sha256: Some("ef".repeat(32)),
        mark: Some("01".repeat(16)),
        ..Detail::default()
    };
    let importing = Advance {
        number: 2,
        to: Step::Importing,
        detail: detail.clone(),
    };
    first
        .advance(vec![to(1, Step::Wrapped), importing])
        .await
        .unwrap();
    first.leave().await.unwrap();
    let next = seated(&place, 3, "next", LONG).await;
    let claims = next.claim(3).await.unwrap();
    let steps: Vec<Step> = claims.iter().map(|claim| claim.step).collect();
    assert_eq!(steps, [Step::Wrapped, Step::Importing, Step::Planned]);
    assert_eq!(claims[1].detail, detail);
    assert!(claims.iter().all(|claim| claim.attempt == 2));
}

pub(crate) async fn a_folder_that_is_taken_up_again_need_not_wait_for_its_lease(place: Place) {
    let killed = seated(&place, 4, "folder", LONG).await;
    killed.claim(2).await.unwrap();
    let elsewhere = seated(&place, 4, "elsewhere", LONG).await;
    assert_eq!(numbers(&elsewhere.claim(1).await.unwrap()), [3]);
    let again = seated(&place, 4, "folder", LONG).await;
    assert_eq!(numbers(&again.claim(4).await.unwrap()), [1, 2, 4]);
    assert_eq!(killed.renew().await.unwrap_err(), LedgerError::LeaseLost);
    elsewhere.renew().await.unwrap();
    let seats = again.ledger().seats(plan(4).hash()).await.unwrap();
    let mut held: Vec<(bool, u32)> = seats
        .iter()
        .map(|seat| (seat.info.folder.ends_with("elsewhere"), seat.holds))
        .collect();
    held.sort_unstable();
    assert_eq!(held, [(false, 3), (true, 1)]);
    assert!(seats.iter().all(|seat| seat.info.pid == std::process::id()));
}

pub(crate) async fn released_lines_are_free_at_once_and_ends_are_not(place: Place) {
    let seat = seated(&place, 3, "seat", LONG).await;
    seat.claim(3).await.unwrap();
    seat.advance(vec![to(1, Step::Done)]).await.unwrap();
    seat.release(vec![1, 2]).await.unwrap();
    let other = seated(&place, 3, "other", LONG).await;
    assert_eq!(numbers(&other.claim(3).await.unwrap()), [2]);
    seat.leave().await.unwrap();
    assert_eq!(numbers(&other.claim(3).await.unwrap()), [3]);
}

pub(crate) async fn failed_lines_are_opened_for_another_try(place: Place) {
    let seat = seated(&place, 3, "seat", LONG).await;
    seat.claim(3).await.unwrap();
    let group = vec![to(1, Step::Failed), to(2, Step::Done), to(3, Step::Failed)];
    seat.advance(group).await.unwrap();
    assert!(
        seat.ledger()
            .counts(plan(3).hash())
            .await
            .unwrap()
            .is_complete()
    );
    assert_eq!(seat.ledger().reopen(plan(3).hash()).await.unwrap(), 2);
    assert_eq!(numbers(&seat.claim(3).await.unwrap()), [1, 3]);
}

pub(crate) async fn rows_come_by_page_and_by_step(place: Place) {
    let seat = seated(&place, 25, "seat", LONG).await;
    seat.claim(12).await.unwrap();
    let failed = (1..=12).step_by(2).map(|number| to(number, Step::Failed));
    seat.advance(failed.collect()).await.unwrap();
    let ledger = seat.ledger();
    let hash = plan(25).hash();
    let mut after = 0;
    let mut seen = Vec::new();
    loop {
        let page = ledger.rows(hash, None, after, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.number;
        seen.extend(page.iter().map(|row| row.number));
    }
    assert_eq!(seen, (1..=25).collect::<Vec<_>>());
    let failed = ledger.rows(hash, Some(Step::Failed), 3, 3).await.unwrap();
    let failed: Vec<u32> = failed.iter().map(|row| row.number).collect();
    assert_eq!(failed, [5, 7, 9]);
}

pub(crate) async fn approvals_are_noted_once_each(place: Place) {
    let seat = seated(&place, 1, "seat", LONG).await;
    let note = |host: &str| ApprovalNote {
        host: host.to_owned(),
        pid: 1,
        kind: ApprovalKind::Terminal,
        second: Some("ben".to_owned()),
        imports: host == "b",
        at: "2026-11-28T20:00:00Z".to_owned(),
    };
    let hash = plan(1).hash();
    for host in ["a", "b", "a"] {
        seat.ledger()
            .record_approval(hash, note(host))
            .await
            .unwrap();
    }
    let noted = seat.ledger().approvals(hash).await.unwrap();
    assert_eq!(noted, [note("a"), note("b")]);
}

pub(crate) async fn imports_belong_to_a_plan_that_was_begun_with_them(place: Place) {
    let seat = seated(&place, 3, "seat", LONG).await;
    let (ledger, hash) = (seat.ledger(), plan(3).hash());
    let with = async |asked| keyferry::batch::imports(ledger, hash, asked).await;
    assert!(!with(false).await.unwrap());
    assert!(with(true).await.unwrap());
    seat.claim(1).await.unwrap();
    seat.advance(vec![to(1, Step::Done)]).await.unwrap();
    assert!(!with(false).await.unwrap());
    let refused = with(true).await.unwrap_err();
    assert_eq!(refused.code(), "batch-not-imported");
    let note = ApprovalNote {
        host: "a".to_owned(),
        pid: 1,
        kind: ApprovalKind::Terminal,
        second: None,
        imports: true,
        at: "2026-11-28T20:00:00Z".to_owned(),
    };
    ledger.record_approval(hash, note).await.unwrap();
    assert!(with(false).await.unwrap());
    assert!(with(true).await.unwrap());
}

pub(crate) async fn a_plan_that_was_changed_in_the_ledger_is_refused(place: Place) {
    let ledger = place.connect().await;
    let plan = plan(3);
    ledger.record_plan(&plan).await.unwrap();
    place.tamper("UPDATE keyferry_line SET content = replace(content, 'tenant-2', 'tenant-3') WHERE number = 2");
    let error = ledger.plan(plan.hash()).await.unwrap_err();
    assert_eq!(error.code(), "ledger-damaged");
    place.tamper("DELETE FROM keyferry_line WHERE number = 2");
    let error = ledger.plan(plan.hash()).await.unwrap_err();
    assert_eq!(error.code(), "ledger-damaged");
}
