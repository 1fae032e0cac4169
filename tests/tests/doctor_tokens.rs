//! `doctor` on tokens that say unusual things of themselves, played by the simulated module.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use keyferry_tests::simulated::Simulated;
use serde_json::{Value, json};

#[test]
fn a_pin_pad_is_told_and_nobody_is_sent_to_it_unasked() {
    let token = playing("[token]\nset = [\"protected-authentication-path\"]\n");
    let report = token.desk_asking().json(["doctor"]).success();
    assert_eq!(report["token"]["login"], "pin-pad");
    assert_eq!(report["token"]["logged_in"], false);
    let advice = &finding(&report, "keys-not-listed")["advice"];
    assert!(
        advice.as_str().unwrap().contains("--pin-source protected"),
        "{advice}"
    );
    let text = token.desk_asking().run(["doctor"]).stdout;
    assert!(
        text.contains("at the device's PIN pad, not logged in"),
        "{text}"
    );

    let pad = token.folder().join("pad");
    std::fs::copy(token.pin_file(), &pad).unwrap();
    let token = token.turned(&scenario(
        "[token]\nset = [\"protected-authentication-path\"]\npad-pin-file = \"pad\"\n",
    ));
    let desk = token.desk_asking().flag("--pin-source=protected");
    let report = desk.json(["doctor"]).success();
    assert_eq!(report["token"]["logged_in"], true);
}

#[test]
fn each_flag_of_the_pin_is_told_and_a_locked_token_is_left_alone() {
    for (flag, pin, code, exit) in [
        ("user-pin-count-low", "count-low", "pin-count-low", 0),
        ("user-pin-final-try", "final-try", "pin-final-try", 0),
        ("user-pin-to-be-changed", "ok", "pin-to-be-changed", 0),
        ("user-pin-locked", "locked", "pin-locked", 1),
    ] {
        let token = playing(&format!("[token]\nset = [\"{flag}\"]\n"));
        let answer = token.desk_asking().json(["doctor"]);
        assert_eq!(answer.code, Some(exit), "{flag}: {}", answer.all());
        let report = answer.object();
        assert_eq!(report["token"]["pin"], pin, "{flag}");
        let _ = finding(&report, code);
    }
    let token = playing("[token]\nclear = [\"user-pin-initialized\"]\n");
    let answer = token.desk().json(["doctor", "--self-test"]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    assert_eq!(answer.object()["token"]["pin"], "not-set");
    assert_eq!(
        answer.object()["verdicts"][0]["reasons"][0]["code"],
        "pin-not-set"
    );
}

#[test]
fn a_module_without_slots_is_a_verdict() {
    let answer = playing("[slots]\ncopies = 0\n").desk().json(["doctor"]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let report = answer.object();
    assert_eq!(report["module"]["loaded"], true);
    assert_eq!(report["module"]["slots"], json!([]));
    assert_eq!(report["token"], Value::Null);
    let _ = finding(&report, "token-absent");
}

#[test]
fn a_token_of_two_slots_is_chosen_by_the_slot_that_doctor_shows() {
    let token = playing("[slots]\ncopies = 2\n");
    let answer = token.desk().json(["doctor"]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let report = answer.object();
    let _ = finding(&report, "token-ambiguous");
    let slots = report["module"]["slots"].as_array().unwrap();
    assert_eq!(slots.len(), 2);
    for slot in slots {
        let slot = slot["slot"].to_string();
        let report = token.desk().json(["doctor", "--slot", &slot]).success();
        assert_eq!(report["token"]["slot"].to_string(), slot);
    }
}

/// Whoever names a token must not be able to move the cursor or to turn the line round.
#[test]
fn what_a_token_says_of_itself_moves_no_cursor() {
    let token = playing(concat!(
        "[module]\nmanufacturer = \"m\\u001b[2J\"\ndescription = \"d\\u202eback\"\n",
        "[token]\nlabel = \"l\\u001b]0;x\\u0007\"\nmodel = \"o\\u202e\"\nserial = \"s\\r\"\n",
    ));
    for arguments in [&["doctor"][..], &["doctor", "--slot", "987654"]] {
        let answer = token.desk().run(arguments.iter().copied());
        let said = answer.all();
        for sign in ['\u{1b}', '\u{202e}', '\u{7}', '\r'] {
            assert!(!said.contains(sign), "{sign:?} in {said:?}");
        }
        assert!(said.contains("\\u{001b}[2J"), "{said}");
    }
}

#[test]
fn a_mechanism_that_only_encrypts_is_named_and_not_counted_on() {
    let token = playing("[[mechanism]]\ncode = 0x9\nflags = [\"encrypt\", \"decrypt\"]\n");
    let answer = token.desk().json(["doctor", "--self-test"]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let report = answer.object();
    let message = &finding(&report, "listed-without-wrap")["message"];
    assert!(
        message.as_str().unwrap().contains("CKM_RSA_PKCS_OAEP"),
        "{message}"
    );
    assert_eq!(
        report["verdicts"][0]["reasons"][0]["code"],
        "no-wrap-mechanism"
    );
    let _ = finding(&report, "no-wrap-mechanism");
}

#[test]
fn a_listed_mechanism_that_refuses_is_a_no_from_the_self_test_alone() {
    let token = playing("[[fault]]\ncall = \"C_WrapKey\"\nreturns = 0x70\n");
    let listed = token.desk().json(["doctor"]).success();
    assert_eq!(listed["verdicts"][0]["transferable"], true);
    let answer = token.desk().json(["doctor", "--self-test"]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let report = answer.object();
    for verdict in report["verdicts"].as_array().unwrap() {
        assert_eq!(verdict["transferable"], false, "{verdict}");
    }
    let failed = finding(&report, "strategy-failed")["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(failed.contains("CKR_MECHANISM_INVALID"), "{failed}");
}

fn scenario(rules: &str) -> String {
    format!("title = \"doctor's\"\n[origin]\nsources = [\"PKCS#11 v3.1\"]\n{rules}")
}

fn playing(rules: &str) -> Simulated {
    Simulated::playing(&scenario(rules))
}

fn finding<'a>(report: &'a Value, code: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|one| one["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {report}"))
}
