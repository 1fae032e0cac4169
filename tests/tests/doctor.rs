//! `doctor`: what it says of good and bad workstations, and that it asks and spends nothing unasked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use keyferry_tests::desk::Answer;
use keyferry_tests::{Desk, Onlooker, SoftHsm, audit_chain, tool};
use serde_json::{Value, json};

/// Where Debian keeps NSS's software token.
const NSS: &str = "/usr/lib/x86_64-linux-gnu/libsoftokn3.so";

#[test]
fn the_embedded_token_can_do_a_transfer_and_the_report_has_its_shape() {
    let desk = Desk::embedded();
    for label in ["goes", "goes too"] {
        let _ = desk
            .json(["keygen", "--kind", "P-256", "--label", label])
            .success();
    }
    let report = desk.json(["doctor", "--self-test"]).success();
    has_its_shape(&report);
    assert_eq!(report["module"]["path"], Value::Null);
    assert_eq!(report["module"]["loaded"], true);
    assert_eq!(report["profile"], Value::Null);
    let token = &report["token"];
    assert_eq!(
        (
            &token["label"],
            &token["software"],
            &token["login"],
            &token["pin"],
            &token["logged_in"]
        ),
        (
            &json!("keyferry-software"),
            &json!(true),
            &json!("pin"),
            &json!("ok"),
            &json!(true)
        )
    );
    let kwp = named(&token["mechanisms"], "CKM_AES_KEY_WRAP_KWP");
    assert_eq!(
        (&kwp["number"], &kwp["max_key_size"]),
        (&json!("0x210B"), &json!(32))
    );
    assert!(kwp["flags"].as_array().unwrap().contains(&json!("wrap")));
    assert_eq!(strategy(&report, "oaep+kwp")["self_test"], "exact");
    assert_eq!(
        strategy(&report, "oaep+kwp")["kinds"]
            .as_array()
            .unwrap()
            .len(),
        10
    );
    assert_eq!(strategy(&report, "rsa-aes-key-wrap")["listed"], false);
    let keys = token["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key["transferable"] == true));
    assert!(codes(&report).contains(&"software-token".to_owned()));
}

#[test]
fn without_the_self_test_nothing_is_proven_and_that_is_said() {
    let report = Desk::embedded().json(["doctor"]).success();
    has_its_shape(&report);
    assert_eq!(strategy(&report, "oaep+kwp")["self_test"], "not-run");
    assert!(codes(&report).contains(&"self-test-not-run".to_owned()));
}

#[test]
fn without_a_pin_source_nobody_is_asked_and_keys_stay_unlisted() {
    let token = SoftHsm::new("quiet");
    let desk = Desk::soft_hsm_asking(&token);
    let report = desk.json(["doctor"]).success();
    has_its_shape(&report);
    assert_eq!(report["token"]["keys"], Value::Null);
    assert_eq!(report["token"]["logged_in"], false);
    assert!(codes(&report).contains(&"keys-not-listed".to_owned()));
    assert_eq!(report["profile"]["name"], "softhsm");
    assert_eq!(report["profile"]["recognised_by"], "token");
    assert!(!audit_folder(&desk).exists(), "nobody logged in");

    let answer = desk.json(["doctor", "--self-test"]);
    let report = negative(&answer, "self-test-needs-login");
    assert_eq!(report["token"]["logged_in"], false);
}

#[test]
fn the_soft_hsm_leaves_zeros_and_a_key_that_must_stay_is_told_with_its_reason() {
    let token = SoftHsm::new("zeros");
    let onlooker = Onlooker::soft_hsm(&token);
    let _ = onlooker.ask(&["make-rsa", "stays", "stuck"]);
    let _ = onlooker.ask(&["make-rsa", "goes", "extractable"]);
    let desk = Desk::soft_hsm(&token);
    let report = desk.json(["doctor", "--self-test"]).success();
    has_its_shape(&report);
    assert_eq!(
        strategy(&report, "oaep+aes-wrap-pad")["self_test"],
        "trailing-zeros"
    );
    assert!(codes(&report).contains(&"trailing-zeros".to_owned()));
    let keys = report["token"]["keys"].as_array().unwrap();
    let stays = keys.iter().find(|key| key["label"] == "stays").unwrap();
    assert_eq!(stays["transferable"], false);
    assert_eq!(stays["reasons"][0]["code"], "not-extractable");
    let log = audit_chain::read(desk.state()).unwrap();
    assert_eq!(log.last().unwrap()["event"], "unlock");

    let text = desk.run(["doctor"]).stdout;
    let line = text.lines().find(|line| line.contains("stays")).unwrap();
    assert!(line.contains("no: "), "{line}");
}

#[test]
fn nss_pads_one_way_wrong_and_the_other_right() {
    assert!(Path::new(NSS).exists(), "Debian: libnss3");
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::embedded()
        .flag("--module")
        .flag(NSS)
        .flag("--module-args")
        .flag(format!(
            "configdir='sql:{}' flags=",
            folder.path().display()
        ));
    let report = desk.json(["doctor", "--self-test"]).success();
    has_its_shape(&report);
    assert_eq!(strategy(&report, "oaep+kwp")["self_test"], "exact");
    assert_eq!(
        strategy(&report, "oaep+aes-wrap-pad")["self_test"],
        "wrong-padding"
    );
    assert_eq!(strategy(&report, "oaep+aes-wrap-pad")["kinds"], json!([]));
    assert_eq!(report["token"]["login"], Value::Null);
    assert!(codes(&report).contains(&"nss-ignores-extractable".to_owned()));
}

#[test]
fn a_profile_changes_no_word_of_the_token_and_no_outcome_of_the_self_test() {
    let token = SoftHsm::new("itself");
    let plain = Desk::soft_hsm(&token)
        .json(["doctor", "--self-test"])
        .success();
    for profile in ["thales-luna", "ibm", "cryptomathic-ckms", "aws-cloudhsm"] {
        let desk = Desk::soft_hsm(&token).flag("--profile").flag(profile);
        let report = desk.json(["doctor", "--self-test"]).success();
        has_its_shape(&report);
        for part in ["module", "token", "strategies", "verdicts"] {
            assert_eq!(report[part], plain[part], "{part} under {profile}");
        }
        assert_eq!(report["profile"]["name"], profile);
        assert_eq!(report["profile"]["recognised_by"], "option");
        assert!(codes(&report).contains(&"profile-contradicts-token".to_owned()));
    }
}

#[test]
fn the_profiles_variables_reach_its_library_and_no_others_do() {
    let token = SoftHsm::new("by profile");
    let bare = || {
        Desk::embedded()
            .flag("--token")
            .flag("by profile")
            .variable("SOFTHSM2_CONF", token.configuration())
    };
    let desk = bare().flag("--module").flag(SoftHsm::module());
    let report = desk.json(["doctor"]).success();
    assert_eq!(report["token"]["label"], "by profile");

    // The same library under a name that no profile knows: nothing is passed until it is named.
    let folder = tempfile::tempdir().unwrap();
    let renamed = folder.path().join("libhouse.so");
    fs::copy(SoftHsm::module(), &renamed).unwrap();
    let desk = bare().flag("--module").flag(&renamed);
    let report = negative(&desk.json(["doctor"]), "");
    assert!(
        codes(&report).contains(&"variable-not-passed".to_owned()),
        "{report}"
    );
    let report = desk
        .flag("--profile")
        .flag("softhsm")
        .json(["doctor"])
        .success();
    assert_eq!(report["token"]["label"], "by profile");
}

#[test]
fn a_module_that_is_none_is_a_verdict_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("module.so");
    fs::write(&text, "not a library\n").unwrap();
    let foreign = folder.path().join("foreign.so");
    let mut head = vec![0_u8; 64];
    head.splice(..7, *b"\x7fELF\x02\x01\x01");
    head.splice(16..20, [3, 0, 22, 0]);
    fs::write(&foreign, head).unwrap();
    let no_module = compiled(folder.path(), "plain", "int answer(void) { return 42; }");
    let crashing = compiled(
        folder.path(),
        "crashing",
        "unsigned long C_GetFunctionList(void **list) { __builtin_trap(); }",
    );
    for (module, code) in [
        (folder.path().join("missing.so"), "module-missing"),
        (text, "module-not-a-library"),
        (foreign, "module-wrong-architecture"),
        (no_module, "module-not-pkcs11"),
        (crashing, "worker-stopped"),
    ] {
        let desk = Desk::embedded().flag("--module").flag(&module);
        let report = negative(&desk.json(["doctor"]), code);
        assert_eq!(report["module"]["loaded"], false, "{code}");
        assert_eq!(report["token"], Value::Null, "{code}");
        let answer = desk.run(["doctor"]);
        assert_eq!(answer.code, Some(1), "{}", answer.all());
        assert!(
            answer.stdout.starts_with("No key can travel"),
            "{}",
            answer.stdout
        );
        assert!(
            answer.stdout.contains(&format!("error[{code}]: ")),
            "{}",
            answer.stdout
        );
        assert_eq!(answer.stderr, "");
    }
}

#[test]
fn a_module_that_does_not_start_names_the_variables_that_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    // Utimaco's file name; the library itself refuses to say anything.
    let module = compiled(
        folder.path(),
        "cs_pkcs11_R3",
        "unsigned long C_GetFunctionList(void **list) { return 0x30; }",
    );
    let report = negative(
        &Desk::embedded()
            .flag("--module")
            .flag(&module)
            .json(["doctor"]),
        "pkcs11-call-failed",
    );
    assert_eq!(report["profile"]["name"], "utimaco");
    assert_eq!(report["profile"]["recognised_by"], "library-path");
    let finding = finding(&report, "configuration-variable-missing");
    assert!(
        finding["message"]
            .as_str()
            .unwrap()
            .contains("CS_PKCS11_R3_CFG"),
        "{finding}"
    );
}

#[test]
fn tokens_that_cannot_be_told_apart_or_used_are_shown_with_their_slots() {
    let token = SoftHsm::new("twin");
    token.add("twin");
    let report = negative(&Desk::soft_hsm(&token).json(["doctor"]), "token-ambiguous");
    let slots = report["module"]["slots"].as_array().unwrap();
    let twins: Vec<&Value> = slots
        .iter()
        .filter(|slot| slot["token"]["label"] == "twin")
        .collect();
    assert_eq!(twins.len(), 2);
    let empty = slots
        .iter()
        .find(|slot| slot["token"]["initialised"] == false)
        .unwrap();

    let by_slot = |slot: &Value| {
        let pin = format!("file:{}", token.pin_file().display());
        Desk::embedded()
            .variable("SOFTHSM2_CONF", token.configuration())
            .flag("--module")
            .flag(SoftHsm::module())
            .flag("--slot")
            .flag(slot["slot"].to_string())
            .flag("--pin-source")
            .flag(pin)
            .json(["doctor"])
    };
    let report = by_slot(twins[1]).success();
    assert_eq!(report["token"]["slot"], twins[1]["slot"]);
    negative(&by_slot(empty), "token-uninitialised");
    negative(&by_slot(&json!({"slot": 987_654_321})), "slot-unknown");
}

/// The embedded token flags the final try after nine wrong PINs.
#[test]
fn a_wrong_pin_is_tried_once_and_the_final_try_is_never_spent_unasked() {
    let desk = Desk::embedded();
    let _ = desk.json(["keys"]).success();
    let onlooker = Onlooker::embedded(&desk);
    let wrong = desk
        .flag("--pin-source")
        .flag("env:WRONG_PIN")
        .variable("WRONG_PIN", "guess-0815");
    for _ in 0..8 {
        negative(&wrong.json(["doctor"]), "pin-wrong");
    }
    assert_eq!(onlooker.ask(&["flags"])["count_low"], true);
    let report = negative(&wrong.json(["doctor", "--self-test"]), "pin-wrong");
    assert_eq!(report["token"]["pin"], "count-low");
    for _ in 0..3 {
        let report = negative(&wrong.json(["doctor", "--self-test"]), "");
        assert_eq!(report["token"]["pin"], "final-try");
        assert!(codes(&report).contains(&"pin-final-try".to_owned()));
    }
    assert_eq!(onlooker.ask(&["flags"])["locked"], false);
}

#[test]
fn a_key_manager_gets_the_way_that_exists() {
    for profile in ["cryptomathic-ckms", "stormagic-svkms"] {
        let desk = Desk::embedded();
        let report = negative(&desk.json(["doctor", "--profile", profile]), "no-pkcs11");
        assert_eq!(report["module"], Value::Null);
        assert_eq!(report["profile"]["kind"], "key-manager");
        let commands: Vec<&str> = report["profile"]["steps"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|step| step["command"].as_str())
            .collect();
        assert!(
            commands
                .iter()
                .any(|one| one.starts_with("keyferry inspect "))
        );
        assert!(
            commands
                .iter()
                .any(|one| one.starts_with("az keyvault key import "))
        );
        assert!(!desk.state().exists(), "nothing is made for a question");
        let text = desk.run(["doctor", "--profile", profile]).stdout;
        assert!(text.contains("  2. Check the file"), "{text}");
    }
    let report = negative(
        &Desk::embedded().json(["doctor", "--profile", "thales-luna"]),
        "module-not-chosen",
    );
    assert_eq!(report["profile"]["name"], "thales-luna");
}

#[test]
fn wrong_usage_reaches_no_verdict() {
    let desk = Desk::embedded();
    let answer = desk.json(["doctor", "--profile", "none\u{1b}[2J"]);
    assert_eq!(answer.refusal(2), "usage");
    assert!(!answer.stdout.contains('\u{1b}') && answer.stdout.contains("thales-luna"));
    assert_eq!(
        desk.json(["keys", "--profile", "thales-luna"]).refusal(2),
        "usage"
    );
    assert_eq!(desk.run(["doctor", "--self-tests"]).code, Some(2));
}

/// A report that says no, with `code` as every kind's reason (any, when empty) and as a finding.
fn negative(answer: &Answer, code: &str) -> Value {
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let report = answer.object();
    has_its_shape(&report);
    let reasons: Vec<&str> = report["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|verdict| verdict["reasons"][0]["code"].as_str().unwrap())
        .collect();
    assert!(
        reasons
            .iter()
            .all(|reason| code.is_empty() || *reason == code),
        "{report}"
    );
    let codes = codes(&report);
    assert!(
        reasons
            .iter()
            .all(|reason| codes.iter().any(|code| code == reason)),
        "{report}"
    );
    report
}

/// The members that the report has, no more and no fewer where the contract says so.
fn has_its_shape(report: &Value) {
    let members = |value: &Value| -> Vec<String> {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(
        members(report),
        [
            "findings",
            "module",
            "profile",
            "strategies",
            "token",
            "verdicts"
        ]
    );
    let strategies = report["strategies"].as_array().unwrap();
    assert_eq!(strategies.len(), 5);
    for strategy in strategies {
        assert_eq!(members(strategy), ["kinds", "listed", "name", "self_test"]);
        assert!(strategy["listed"].is_boolean() && strategy["kinds"].is_array());
        let known = [
            "exact",
            "trailing-zeros",
            "wrong-padding",
            "wrong-hash",
            "failed",
            "not-run",
        ];
        assert!(
            known.contains(&strategy["self_test"].as_str().unwrap()),
            "{strategy}"
        );
    }
    let verdicts = report["verdicts"].as_array().unwrap();
    assert_eq!(verdicts.len(), 10);
    for verdict in verdicts {
        assert_eq!(members(verdict), ["kind", "reasons", "transferable"]);
        let reasons = verdict["reasons"].as_array().unwrap();
        assert_eq!(verdict["transferable"], reasons.is_empty());
        for reason in reasons {
            assert_eq!(members(reason), ["advice", "code", "message"]);
        }
    }
    let weights = ["error", "warning", "unchecked", "note"];
    let mut last = 0;
    for finding in report["findings"].as_array().unwrap() {
        assert_eq!(members(finding), ["advice", "code", "message", "severity"]);
        let weight = weights
            .iter()
            .position(|weight| finding["severity"] == *weight)
            .unwrap();
        assert!(weight >= last, "worst first: {report}");
        last = weight;
        for member in ["message", "advice"] {
            assert!(finding[member].as_str().unwrap().len() > 10, "{finding}");
        }
    }
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let list = list.as_array().unwrap();
    list.iter().find(|one| one["name"] == name).unwrap()
}

fn strategy<'a>(report: &'a Value, name: &str) -> &'a Value {
    named(&report["strategies"], name)
}

fn finding<'a>(report: &'a Value, code: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|one| one["code"] == code).unwrap()
}

fn codes(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|one| one["code"].as_str().unwrap().to_owned())
        .collect()
}

fn audit_folder(desk: &Desk) -> std::path::PathBuf {
    desk.state().join("audit")
}

/// A shared library `libNAME.so` of one C function.
fn compiled(folder: &Path, name: &str, code: &str) -> std::path::PathBuf {
    let source = folder.join(format!("{name}.c"));
    fs::write(&source, code).unwrap();
    let library = folder.join(format!("lib{name}.so"));
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-w", "-o"])
        .arg(&library)
        .arg(&source);
    tool::run(&mut cc, b"").unwrap();
    library
}
