//! A log that is full gets a name of its own, and the chain goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::audit_log::fault::{Crash, Place as At, Played, play};
use crate::audit_log::files::Files;

/// A place whose files are full after some three lines.
fn small() -> Place {
    let mut place = Place::new();
    place.log.files = Files::in_folder(place.file(""), Some(1500));
    place
}

fn full_names(place: &Place) -> Vec<String> {
    crate::audit_log::rotation::full_files(&place.file(""))
        .unwrap()
        .iter()
        .map(|(file, _)| file.name())
        .collect()
}

#[test]
fn files_follow_each_other_in_one_chain_and_their_names_say_what_is_in_them() {
    let place = small();
    for _ in 0..10 {
        place.append();
    }
    let names = full_names(&place);
    assert!(names.len() >= 2, "{names:?}");
    assert!(names[0].starts_with("log-00000001-"), "{names:?}");
    assert_eq!(place.events(), [AuditEvent::Keygen; 10]);
    for name in names {
        let text = fs::read_to_string(place.file(&name)).unwrap();
        let seq = |line: &str| keyferry_core::verify_line(line, None).unwrap().seq;
        let first = seq(text.lines().next().unwrap());
        let last = seq(text.lines().last().unwrap());
        assert_eq!(name, format!("log-{first:08}-{last:08}.jsonl"));
    }
}

#[test]
fn a_crash_at_any_place_of_a_rotation_is_settled() {
    for at in [At::RotationBegun, At::Renamed, At::NextMade] {
        let place = small();
        let mut count = 0;
        while fs::metadata(place.file("log.jsonl")).map_or(0, |m| m.len()) < 1500 {
            place.append();
            count += 1;
        }
        play(Played::Crash(at));
        let ended = catch_unwind(AssertUnwindSafe(|| place.append()));
        assert!(ended.unwrap_err().is::<Crash>());
        place.append();
        assert_eq!(
            place.events(),
            vec![AuditEvent::Keygen; count + 1],
            "{at:?}"
        );
        assert_eq!(full_names(&place).len(), 1, "{at:?}");
    }
}

#[test]
fn a_head_that_a_power_cut_left_behind_a_rotation_is_caught_up_with() {
    let place = small();
    while full_names(&place).is_empty() {
        place.append();
    }
    let text = fs::read_to_string(place.file(&full_names(&place)[0])).unwrap();
    let last = keyferry_core::verify_line(text.lines().last().unwrap(), None).unwrap();
    HeadFile::in_folder(&place.file(""))
        .write(&last.head())
        .unwrap();
    place.append();
    assert!(place.events().contains(&AuditEvent::LineTakenUp));
}

#[test]
fn a_full_file_that_is_gone_or_changed_is_refused_once_the_log_rests_on_it_alone() {
    let place = small();
    while full_names(&place).is_empty() {
        place.append();
    }
    let full = place.file(&full_names(&place)[0]);
    // As a crash in the midst of a rotation would leave it, but for the file itself.
    fs::write(place.file("log.jsonl"), b"").unwrap();
    let text = fs::read_to_string(&full).unwrap();
    fs::write(&full, text.replace("keygen", "unlock")).unwrap();
    refused(&place);
    fs::remove_file(&full).unwrap();
    refused(&place);
}

#[test]
fn a_name_that_is_taken_is_not_written_over() {
    let place = small();
    let mut last = 0;
    while fs::metadata(place.file("log.jsonl")).map_or(0, |m| m.len()) < 1500 {
        last = place.append().seq;
    }
    let taken = place.file(&format!("log-00000001-{last:08}.jsonl"));
    fs::write(&taken, b"mine").unwrap();
    refused(&place);
    assert_eq!(fs::read(&taken).unwrap(), b"mine");
}

#[test]
fn writers_side_by_side_rotate_once_each_time() {
    let place = small();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut log = AuditLog::open(&place.state).unwrap();
                log.files = Files::in_folder(place.file(""), Some(1500));
                for _ in 0..15 {
                    log.append_blocking(entry()).unwrap();
                }
            });
        }
    });
    assert_eq!(place.events().len(), 60);
    assert!(full_names(&place).len() > 10);
}
