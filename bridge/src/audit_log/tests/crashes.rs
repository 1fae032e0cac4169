//! The process ends, or the system fails, at each place of a write: nothing that was answered is lost, nothing is
//! half written, and the next append goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::audit_log::fault::{Crash, Place as At, Played, play};

/// Three entries in one group, which a crash interrupts.
fn crash(place: &Place, played: Played) {
    play(played);
    let group = || {
        place
            .log
            .files
            .lock()
            .unwrap()
            .append(vec![entry(), entry(), entry()])
    };
    let ended = catch_unwind(AssertUnwindSafe(group));
    assert!(ended.unwrap_err().is::<Crash>(), "{played:?}");
}

#[test]
fn a_crash_at_any_place_of_a_group_is_settled_and_recorded() {
    use AuditEvent::{Keygen as K, LineSetAside, LineTakenUp};
    let cases = [
        (Played::CrashAfter(0), vec![K, K]),
        (Played::Crash(At::Written), vec![K, K, K, K, LineTakenUp, K]),
        (Played::Crash(At::Synced), vec![K, K, K, K, LineTakenUp, K]),
        (Played::Crash(At::HeadMoved), vec![K, K, K, K, K]),
        (Played::CrashAfter(10), vec![K, LineSetAside, K]),
    ];
    for (played, events) in cases {
        let place = Place::new();
        place.append();
        crash(&place, played);
        place.append();
        assert_eq!(place.events(), events, "{played:?}");
    }
}

#[test]
fn a_crash_after_any_byte_of_a_group_keeps_the_whole_lines_and_sets_the_torn_one_aside() {
    let length = {
        let place = Place::new();
        place.append();
        place.text().len() + 10
    };
    for count in (1..3 * length).step_by(97) {
        let place = Place::new();
        place.append();
        let before = place.text().len();
        crash(&place, Played::CrashAfter(count));
        let left = place.text().split_off(before);
        let whole = left.matches('\n').count();
        place.append();
        let events = place.events();
        let event = |event| events.iter().filter(|found| **found == event).count();
        assert_eq!(event(AuditEvent::Keygen), 2 + whole, "{count}");
        assert_eq!(event(AuditEvent::LineTakenUp), usize::from(whole > 0));
        assert_eq!(
            event(AuditEvent::LineSetAside),
            usize::from(!left.ends_with('\n'))
        );
    }
}

#[test]
fn the_line_says_how_many_were_taken_up() {
    let place = Place::new();
    place.append();
    crash(&place, Played::Crash(At::Synced));
    place.append();
    let line = place.text().lines().nth(4).unwrap().to_owned();
    let line = keyferry_core::verify_line(&line, None).unwrap();
    assert_eq!(line.entry.lines, Some(3));
}

#[test]
fn a_crash_while_a_crash_is_settled_loses_nothing_either() {
    for at in [At::TakenUp, At::Kept] {
        let place = Place::new();
        place.append();
        let cut = place.text().len() * 3 / 2;
        crash(&place, Played::CrashAfter(cut));
        crash(&place, Played::Crash(at));
        place.append();
        let kept = place
            .events()
            .iter()
            .filter(|e| **e == AuditEvent::Keygen)
            .count();
        assert_eq!(kept, 3, "{at:?}: first, taken up, last");
    }
}

#[test]
fn zero_bytes_that_a_power_cut_left_are_set_aside() {
    let place = Place::new();
    place.append();
    let next = chain(&AuditHead::GENESIS, "2026-11-25T08:00:00Z", entry()).to_json();
    let text = format!("{}{}{next}\n", place.text(), "\0".repeat(600));
    fs::write(place.file("log.jsonl"), text).unwrap();
    place.append();
    assert_eq!(
        place.events(),
        [
            AuditEvent::Keygen,
            AuditEvent::LineSetAside,
            AuditEvent::Keygen
        ]
    );
}

#[test]
fn an_error_at_any_place_refuses_the_whole_group_and_leaves_nothing_of_it() {
    for at in [At::Torn, At::Written, At::Synced] {
        let place = Place::new();
        place.append();
        let before = place.text();
        play(Played::Fail(at));
        let refused = place
            .log
            .files
            .lock()
            .unwrap()
            .append(vec![entry(), entry(), entry()]);
        assert_eq!(refused.unwrap_err().code(), "audit-unwritable", "{at:?}");
        assert_eq!(place.text(), before, "{at:?}");
        place.append();
        assert_eq!(place.events(), [AuditEvent::Keygen; 2], "{at:?}");
    }
}

#[test]
fn a_clock_that_was_set_back_changes_no_order() {
    let place = Place::new();
    place.append();
    let HeadState::At(head) = place.head() else {
        panic!("no head");
    };
    let later = chain(&head, "2999-12-31T23:59:59Z", entry());
    fs::write(
        place.file("log.jsonl"),
        format!("{}{}\n", place.text(), later.to_json()),
    )
    .unwrap();
    HeadFile::in_folder(&place.file(""))
        .write(&later.head())
        .unwrap();
    let now = place.append();
    assert!(now.time < later.time);
    assert_eq!(now.seq, later.seq + 1);
    assert_eq!(place.events(), [AuditEvent::Keygen; 3]);
}
