//! The prompter with a stand-in for pinentry: a shell script that speaks the protocol.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use keyferry_core::{ApprovalKind, PromptWay, Requester, TargetKind};

use super::{KeygenQuestion, Place, Prompter};
use crate::Error;
use crate::config::SettingsFile;

/// A pinentry that answers CONFIRM and GETPIN with `answer`, and keeps what it was asked beside it.
struct StandIn {
    folder: tempfile::TempDir,
}

impl StandIn {
    fn answering(answer: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "#!/bin/sh\necho OK\nwhile read -r line; do\n  echo \"$line\" >> {asked}\n  case \"$line\" in\n    CONFIRM*|GETPIN*) {answer};;\n    BYE*) echo OK; exit 0;;\n    *) echo OK;;\n  esac\ndone\n",
            asked = folder.path().join("asked").display()
        );
        let stand_in = Self { folder };
        std::fs::write(stand_in.path(), script).unwrap();
        std::fs::set_permissions(stand_in.path(), PermissionsExt::from_mode(0o700)).unwrap();
        stand_in
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("pinentry")
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default()
    }

    fn prompter(&self) -> Prompter {
        Prompter::choose(&settings(&self.path()), Place::TerminalFirst).unwrap()
    }
}

fn settings(pinentry: &Path) -> SettingsFile {
    SettingsFile {
        pinentry: Some(pinentry.to_owned()),
        ..SettingsFile::default()
    }
}

fn question() -> KeygenQuestion {
    KeygenQuestion {
        kind: TargetKind::P256,
        label: "new".to_owned(),
        token: "token".to_owned(),
        asked_by: Requester::Page,
    }
}

#[tokio::test]
async fn a_yes_at_pinentry_is_an_approval_of_that_kind() {
    let stand_in = StandIn::answering("echo OK");
    let prompter = stand_in.prompter();
    assert_eq!(prompter.way(), PromptWay::Pinentry);
    assert_eq!(
        prompter.confirm_keygen(&question()).await.unwrap(),
        ApprovalKind::Pinentry
    );
    assert!(
        stand_in.asked().contains("new (P-256)"),
        "{}",
        stand_in.asked()
    );
    assert!(
        stand_in.asked().contains("SETTIMEOUT 120"),
        "{}",
        stand_in.asked()
    );
}

#[tokio::test]
async fn three_refusals_lock_the_prompter_without_asking_again() {
    // GPG_ERR_SOURCE_PINENTRY | GPG_ERR_CANCELED.
    let stand_in = StandIn::answering("echo 'ERR 83886179 cancelled'");
    let prompter = stand_in.prompter();
    for _ in 0..3 {
        assert!(!prompter.is_locked());
        assert!(matches!(
            prompter.confirm_keygen(&question()).await,
            Err(Error::ApprovalRefused)
        ));
    }
    assert!(prompter.is_locked());
    assert!(matches!(
        prompter.clone().confirm_keygen(&question()).await,
        Err(Error::BridgeLocked)
    ));
    assert_eq!(stand_in.asked().matches("CONFIRM").count(), 3);
}

#[tokio::test]
async fn not_confirmed_and_timed_out_are_a_no() {
    // GPG_ERR_NOT_CONFIRMED and GPG_ERR_TIMEOUT.
    let refused = StandIn::answering("echo 'ERR 83886194 not confirmed'");
    assert!(matches!(
        refused.prompter().confirm_keygen(&question()).await,
        Err(Error::ApprovalRefused)
    ));
    let silent = StandIn::answering("echo 'ERR 83886142 timeout'");
    assert!(matches!(
        silent.prompter().confirm_keygen(&question()).await,
        Err(Error::ApprovalTimeout { .. })
    ));
}

#[tokio::test]
async fn a_pinentry_that_breaks_off_is_no_approval() {
    let broken = StandIn::answering("exit 1");
    assert!(matches!(
        broken.prompter().confirm_keygen(&question()).await,
        Err(Error::PromptFailed(_))
    ));
}

#[tokio::test]
async fn a_pin_comes_from_pinentry_as_it_was_typed() {
    let stand_in = StandIn::answering("echo 'D 12%2534'; echo OK");
    let pin = stand_in.prompter().pinentry_pin("token").await.unwrap();
    assert_eq!(pin.expose(), b"12%34");
    let empty = StandIn::answering("echo OK");
    assert!(matches!(
        empty.prompter().pinentry_pin("token").await,
        Err(Error::ApprovalRefused)
    ));
}

#[tokio::test]
async fn one_prompt_is_shown_at_a_time() {
    let slow = StandIn::answering("sleep 0.2; echo end >> \"$0.order\"; echo OK");
    let prompter = slow.prompter();
    let (first, second) = (question(), question());
    let begun = std::time::Instant::now();
    let (one, two) = tokio::join!(
        prompter.confirm_keygen(&first),
        prompter.confirm_keygen(&second)
    );
    assert!(one.is_ok() && two.is_ok());
    assert!(
        begun.elapsed().as_millis() >= 400,
        "both were shown at once"
    );
}

#[test]
fn a_pinentry_that_others_can_change_is_refused() {
    let stand_in = StandIn::answering("echo OK");
    std::fs::set_permissions(stand_in.path(), PermissionsExt::from_mode(0o702)).unwrap();
    let refused = Prompter::choose(&settings(&stand_in.path()), Place::TerminalFirst);
    assert_eq!(refused.unwrap_err().code(), "prompt-failed");
    let absent = Prompter::choose(
        &settings(Path::new("/nowhere/pinentry")),
        Place::TerminalFirst,
    );
    assert_eq!(absent.unwrap_err().code(), "prompt-failed");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_pinentry_that_ignores_its_limit_is_killed_with_what_it_started() {
    let deaf = StandIn::answering("echo $$ > \"$0.pid\"; sleep 40 & echo $! >> \"$0.pid\"; wait");
    let settings = SettingsFile {
        prompt_seconds: Some(1),
        ..settings(&deaf.path())
    };
    let prompter = Prompter::choose(&settings, Place::TerminalFirst).unwrap();
    let begun = std::time::Instant::now();
    assert!(matches!(
        prompter.confirm_keygen(&question()).await,
        Err(Error::ApprovalTimeout { .. })
    ));
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    let pids = std::fs::read_to_string(deaf.folder.path().join("pinentry.pid")).unwrap();
    assert_eq!(pids.lines().count(), 2, "{pids}");
    for pid in pids.lines() {
        // A zombie is gone, too: it waits for the system to take it away.
        let alive = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            stat.is_ok_and(|stat| !stat.contains(") Z "))
        };
        for _ in 0..50 {
            if alive() {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
        assert!(!alive(), "{pid} is still there");
    }
    // The next question finds the place free.
    assert!(matches!(
        prompter.confirm_keygen(&question()).await,
        Err(Error::ApprovalTimeout { .. })
    ));
}
