//! `make test-hsm` on tokens at hand: what it reports, and that it leaves nothing behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;
use std::process::{Command, Stdio};

use keyferry_tests::desk::{Answer, built};
use keyferry_tests::{Onlooker, Simulated, SoftHsm};

#[test]
fn a_token_that_transfers_passes_and_is_left_as_it_was() {
    let token = SoftHsm::new("on trial");
    let onlooker = Onlooker::soft_hsm(&token);
    let _ = onlooker.ask(&["make-rsa", "someone's own", "extractable"]);
    let before = onlooker.ask(&["objects"]);
    let answer = trial(&token, &token.pin_file(), &[("YES", "1")]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    for row in [
        "| oaep+aes-wrap-pad | yes | trailing-zeros |",
        "| P-256 | oaep+aes-wrap-pad | 2048, 3072, 4096 | opened, and the same key |",
        "| AES-256 | oaep+aes-wrap-pad | 2048, 3072, 4096 | opened, and the same key |",
        "3 disposable objects were destroyed at the end.",
        "**passed**",
    ] {
        assert!(answer.stdout.contains(row), "{row}\n{}", answer.stdout);
    }
    for secret in [SoftHsm::PIN, "on trial"] {
        assert!(!answer.all().contains(secret), "{}", answer.all());
    }
    assert_eq!(onlooker.ask(&["objects"]), before);
}

#[test]
fn a_token_that_fails_midway_is_told_and_left_as_it_was() {
    // The self-test passes: its keys have no such label.
    let token = Simulated::playing(
        "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntarget = { label-part = \"keyferry-test-hsm\" }\nreturns = 0x30",
    );
    let before = token.onlooker().ask(&["objects"]);
    let mut command = command(&Simulated::module(), &token.pin_file());
    command.envs(token.variables());
    command.env("TOKEN", "keyferry-software").env("YES", "1");
    command.env("MODULE_ENV", "KEYFERRY_SIMULATED,KRYOPTIC_CONF");
    let answer = Answer::new(command.output().unwrap());
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    assert!(
        answer.stdout.contains("CKR_DEVICE_ERROR") && answer.stdout.contains("**FAILED**"),
        "{}",
        answer.stdout
    );
    assert_eq!(token.onlooker().ask(&["objects"]), before);
}

#[test]
fn without_a_yes_or_the_right_pin_nothing_is_made() {
    let token = SoftHsm::new("untouched");
    let answer = trial(&token, &token.pin_file(), &[]);
    assert_eq!(answer.code, Some(2), "{}", answer.all());
    assert!(answer.stderr.contains("YES=1"), "{}", answer.stderr);

    let wrong = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(wrong.path(), "0815-guess").unwrap();
    let answer = trial(&token, wrong.path(), &[("YES", "1")]);
    assert_eq!(answer.code, Some(2), "{}", answer.all());
    assert!(answer.stderr.contains("not unlocked"), "{}", answer.stderr);
    assert!(!answer.all().contains("0815-guess"), "{}", answer.all());
    assert_eq!(Onlooker::soft_hsm(&token).ask(&["objects"]), 0);
}

fn trial(token: &SoftHsm, pin_file: &Path, more: &[(&str, &str)]) -> Answer {
    let mut command = command(SoftHsm::module(), pin_file);
    command.env("SOFTHSM2_CONF", token.configuration());
    command.env("TOKEN", &token.label);
    command.envs(more.iter().copied());
    Answer::new(command.output().unwrap())
}

fn command(module: &Path, pin_file: &Path) -> Command {
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(built("test-hsm"));
    command.stdin(Stdio::null());
    for name in [
        "TOKEN",
        "SLOT",
        "YES",
        "MODULE_ARGS",
        "MODULE_ENV",
        "PROFILE",
    ] {
        command.env_remove(name);
    }
    command.env("MODULE", module).env("KINDS", "P-256,AES-256");
    command.env("PIN", format!("file:{}", pin_file.display()));
    command
}
