//! The record, with the crashes and the company that it has to live with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod crashes;
mod groups;
mod processes;
mod rotation;

use std::fs;
use std::path::PathBuf;

use keyferry_core::{AuditEntry, AuditEvent, AuditHead, Outcome, Requester, chain, verify_chain};

use super::AuditLog;
use super::head_file::{HeadFile, HeadState};
use crate::state::StateFolder;

struct Place {
    _temp: tempfile::TempDir,
    state: StateFolder,
    log: AuditLog,
}

fn entry() -> AuditEntry {
    AuditEntry::new(AuditEvent::Keygen, Outcome::Done, Requester::Bridge)
}

impl Place {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let state = StateFolder::open(Some(temp.path())).unwrap();
        let log = AuditLog::open(&state).unwrap();
        Self {
            _temp: temp,
            state,
            log,
        }
    }

    fn append(&self) -> keyferry_core::AuditLine {
        self.log.append_blocking(entry()).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.state.path().join("audit").join(name)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file("log.jsonl")).unwrap()
    }

    /// All lines, those of full files first.
    fn whole_text(&self) -> String {
        let full = super::rotation::full_files(&self.file("")).unwrap();
        let mut text: String = full
            .iter()
            .map(|(_, path)| fs::read_to_string(path).unwrap())
            .collect();
        text.push_str(&self.text());
        text
    }

    fn head(&self) -> HeadState {
        HeadFile::in_folder(&self.file("")).read().unwrap()
    }

    /// The events of the whole record, whose chain and head are checked first.
    fn events(&self) -> Vec<AuditEvent> {
        let text = self.whole_text();
        let end = verify_chain(AuditHead::GENESIS, text.lines()).unwrap();
        assert_eq!(HeadState::At(end), self.head());
        text.lines()
            .map(|line| keyferry_core::verify_line(line, None).unwrap().entry.event)
            .collect()
    }
}

#[test]
fn lines_are_chained_and_the_head_follows() {
    let place = Place::new();
    assert_eq!(
        [place.append().seq, place.append().seq, place.append().seq],
        [1, 2, 3]
    );
    assert_eq!(place.events(), [AuditEvent::Keygen; 3]);
}

#[cfg(unix)]
#[test]
fn the_log_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.append();
    for name in ["log.jsonl", "head.json", "lock"] {
        assert_eq!(
            fs::metadata(place.file(name)).unwrap().permissions().mode() & 0o777,
            0o600,
            "{name}"
        );
    }
}

#[test]
fn a_whole_line_that_the_head_missed_is_taken_up_and_recorded() {
    let place = Place::new();
    place.append();
    let head = fs::read(place.file("head.json")).unwrap();
    place.append();
    fs::write(place.file("head.json"), head).unwrap();
    place.append();
    assert_eq!(
        place.events(),
        [
            AuditEvent::Keygen,
            AuditEvent::Keygen,
            AuditEvent::LineTakenUp,
            AuditEvent::Keygen
        ]
    );
}

#[test]
fn a_head_that_is_absent_or_torn_is_made_anew_and_that_is_recorded() {
    for damage in [
        None,
        Some(&b""[..]),
        Some(b"{\"seq\":2,\"ha"),
        Some(&[0; 256]),
    ] {
        let place = Place::new();
        place.append();
        place.append();
        match damage {
            None => fs::remove_file(place.file("head.json")).unwrap(),
            Some(bytes) => fs::write(place.file("head.json"), bytes).unwrap(),
        }
        place.append();
        assert_eq!(
            place.events(),
            [
                AuditEvent::Keygen,
                AuditEvent::Keygen,
                AuditEvent::HeadRemade,
                AuditEvent::Keygen
            ]
        );
    }
}

#[test]
fn a_head_of_before_with_no_check_in_it_is_still_one() {
    let place = Place::new();
    let line = place.append();
    fs::write(
        place.file("head.json"),
        serde_json::to_string(&line.head()).unwrap(),
    )
    .unwrap();
    place.append();
    assert_eq!(place.events(), [AuditEvent::Keygen; 2]);
}

#[test]
fn a_torn_line_is_set_aside_into_a_file_and_recorded() {
    let place = Place::new();
    place.append();
    let whole = place.text();
    fs::write(place.file("log.jsonl"), format!("{whole}{{\"seq\":2,\"ti")).unwrap();
    place.append();
    assert_eq!(
        place.events(),
        [
            AuditEvent::Keygen,
            AuditEvent::LineSetAside,
            AuditEvent::Keygen
        ]
    );
    let torn: Vec<_> = fs::read_dir(place.file(""))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("torn-"))
        .collect();
    assert_eq!(torn.len(), 1);
    assert_eq!(fs::read(torn[0].path()).unwrap(), b"{\"seq\":2,\"ti");
}

#[test]
fn an_edited_last_line_is_refused() {
    let place = Place::new();
    place.append();
    let edited = place.text().replace("keygen", "unlock");
    fs::write(place.file("log.jsonl"), edited).unwrap();
    refused(&place);
}

#[test]
fn a_cut_or_emptied_log_is_refused() {
    let place = Place::new();
    place.append();
    let first = place.text();
    place.append();
    fs::write(place.file("log.jsonl"), &first).unwrap();
    refused(&place);
    fs::write(place.file("log.jsonl"), b"").unwrap();
    refused(&place);
}

#[test]
fn what_does_not_follow_the_chain_is_refused() {
    let place = Place::new();
    let line = place.append();
    place.append();
    let whole = place.text();
    let second = whole.lines().nth(1).unwrap();
    let forged = chain(&line.head(), "2026-11-25T08:00:00Z", entry()).to_json();
    for beyond in [second, forged.as_str(), "{}", "", &"x".repeat(300_000)] {
        fs::write(place.file("log.jsonl"), format!("{whole}{beyond}\n")).unwrap();
        refused(&place);
    }
}

#[test]
fn a_head_that_names_no_line_of_the_log_is_refused() {
    let place = Place::new();
    let line = place.append();
    place.append();
    let other = chain(&AuditHead::GENESIS, "2026-11-25T08:00:00Z", entry()).head();
    let ahead = AuditHead {
        seq: 3,
        ..line.head()
    };
    for head in [other, ahead] {
        HeadFile::in_folder(&place.file("")).write(&head).unwrap();
        refused(&place);
    }
}

/// The append says that the record is damaged, and changes nothing.
fn refused(place: &Place) {
    let before = place.text();
    assert_eq!(
        place.log.append_blocking(entry()).unwrap_err().code(),
        "audit-damaged"
    );
    assert_eq!(place.text(), before);
}

#[test]
fn writers_side_by_side_keep_one_chain() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // A log of its own, as another process would have it.
                let log = AuditLog::open(&place.state).unwrap();
                for _ in 0..10 {
                    let entry =
                        AuditEntry::new(AuditEvent::Unlock, Outcome::Done, Requester::Bridge);
                    log.append_blocking(entry).unwrap();
                }
            });
        }
    });
    assert_eq!(place.events().len(), 40);
}

#[test]
fn a_log_that_cannot_be_written_is_an_error() {
    let place = Place::new();
    fs::create_dir(place.file("log.jsonl")).unwrap();
    let entry = AuditEntry::new(AuditEvent::WrapIntent, Outcome::Intended, Requester::Bridge);
    assert_eq!(
        place.log.append_blocking(entry).unwrap_err().code(),
        "audit-unwritable"
    );
}

#[test]
fn a_long_log_is_read_only_at_its_end() {
    let place = Place::new();
    let mut entry = AuditEntry::new(AuditEvent::Keygen, Outcome::Done, Requester::Bridge);
    entry.key_label = Some("x".repeat(4000));
    for _ in 0..30 {
        place.log.append_blocking(entry.clone()).unwrap();
    }
    assert!(place.text().len() > 100_000);
    assert_eq!(place.events().len(), 30);
}
