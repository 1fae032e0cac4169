//! `rehearse`: a ceremony for practice, after which the token is as it was before.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use keyferry_tests::practice_vault::PracticeVault;
use keyferry_tests::{Answer, Desk, SoftHsm, Terminal, audit_chain};
use serde_json::{Value, json};

fn rehearse(desk: &Desk, kinds: &[&str], more: &[&str]) -> Answer {
    let mut arguments = vec!["rehearse", "--kek-size", "2048"];
    for kind in kinds {
        arguments.extend(["--kind", kind]);
    }
    desk.json(arguments.into_iter().chain(more.iter().copied()))
}

/// The labels that the product lists, after which nothing may be left but the user's own.
fn labels(desk: &Desk) -> Vec<String> {
    let answer = desk.json(["keys"]).success();
    let keys = answer["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["label"].as_str().unwrap().to_owned())
        .collect()
}

/// The record's lines of one event, as outcome and key label.
fn record(desk: &Desk, event: &str) -> Vec<(Value, Value)> {
    let lines = audit_chain::read(desk.state()).unwrap();
    let lines = lines.iter().filter(|line| line["event"] == event);
    lines
        .map(|line| (line["outcome"].clone(), line["key_label"].clone()))
        .collect()
}

#[test]
fn keys_of_the_embedded_token_arrive_and_are_destroyed() {
    let desk = Desk::embedded();
    let report = rehearse(&desk, &["P-256", "AES-256"], &[]).success();
    assert_eq!(
        (&report["practice"], &report["passed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(report["keys_left"], Value::Null);
    let keys = report["keys"].as_array().unwrap();
    assert_eq!(
        keys.iter()
            .map(|key| (&key["kind"], &key["verdict"]))
            .collect::<Vec<_>>(),
        [
            (&json!("P-256"), &json!("arrived")),
            (&json!("AES-256"), &json!("arrived"))
        ]
    );
    let verification = &keys[0]["verification"];
    assert_eq!(
        (
            &verification["public_key"],
            &verification["private_key"],
            &verification["algorithm"]
        ),
        (&json!("equal"), &json!("signed"), &json!("ES256"))
    );
    assert_eq!(keys[1]["verification"]["public_key"], "none-to-see");
    assert_eq!(labels(&desk), [""; 0]);
    let made = record(&desk, "keygen");
    assert_eq!(made.len(), 2);
    assert_eq!(
        record(&desk, "key-destroy"),
        made,
        "each is destroyed, by the same label"
    );
    assert_eq!(record(&desk, "wrap-outcome"), made);
}

#[test]
fn a_token_of_another_module_rehearses_with_keys_of_its_own_making_alone() {
    let token = SoftHsm::new("rehearsal");
    let desk = Desk::soft_hsm(&token);
    let _ = desk
        .json(["keygen", "--kind", "P-256", "--label", "my own"])
        .success();
    let onlooker = keyferry_tests::Onlooker::soft_hsm(&token);
    let objects = onlooker.ask(&["objects"]);
    let report = rehearse(&desk, &["P-256K", "RSA-2048"], &[]).success();
    for key in report["keys"].as_array().unwrap() {
        assert_eq!(key["verification"]["private_key"], "signed", "{key}");
    }
    assert_eq!(labels(&desk), ["my own"]);
    // Public halves too.
    assert_eq!(onlooker.ask(&["objects"]), objects);
}

#[test]
fn a_kind_that_the_token_does_not_make_fails_only_when_it_was_asked_for() {
    let desk = Desk::embedded();
    let answer = rehearse(&desk, &["P-256K"], &[]);
    assert_eq!(answer.code, Some(1));
    let report = answer.object();
    assert_eq!(report["passed"], false);
    assert_eq!(report["keys"][0]["verdict"], "not-made");
    assert_eq!(report["keys"][0]["error"]["code"], "kind-unsupported");
}

#[test]
fn a_vault_that_refuses_makes_a_bad_verdict_and_leaves_no_key() {
    let desk = Desk::embedded();
    for (fault, code) in [("403-rbac@import", "vault-no-role"), ("other-key", "")] {
        let vault = PracticeVault::start(&desk, &["--fault", fault]);
        let answer = rehearse(&desk, &["P-256"], &[]);
        assert_eq!(answer.code, Some(1), "{}", answer.all());
        let report = answer.object();
        let key = &report["keys"][0];
        assert_eq!(
            (&report["passed"], &key["verdict"]),
            (&json!(false), &json!("failed"))
        );
        if code.is_empty() {
            assert_eq!(key["verification"]["public_key"], "differs");
        } else {
            assert_eq!(key["error"]["code"], code);
        }
        assert!(
            report["kid"]
                .as_str()
                .unwrap()
                .starts_with(vault.start["url"].as_str().unwrap())
        );
        assert_eq!(labels(&desk), [""; 0]);
        assert_eq!(vault.interrupt(), Some(0));
    }
}

#[test]
fn files_stay_where_they_were_asked_for_and_replace_nothing() {
    let desk = Desk::embedded();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let report = rehearse(&desk, &["P-384"], &["--out", out]).success();
    let file = folder
        .path()
        .join("KeyTransferPackage-rehearsal-P-384.byok");
    assert_eq!(report["keys"][0]["file"], file.to_str().unwrap());
    let before = std::fs::read(&file).unwrap();
    let answer = rehearse(&desk, &["P-384"], &["--out", out]);
    assert_eq!(answer.code, Some(1));
    assert_eq!(answer.object()["keys"][0]["error"]["code"], "output-exists");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn ctrl_c_in_the_middle_destroys_the_key_that_was_made() {
    let token = SoftHsm::new("rehearsal");
    let desk = Desk::soft_hsm(&token);
    let kinds = ["RSA-4096"; 20].map(|kind| ["--kind", kind]).concat();
    let arguments = ["rehearse", "--kek-size", "2048"].into_iter().chain(kinds);
    let mut terminal = Terminal::start(&desk, arguments);
    terminal.expect("thumbprint");
    // One key has come and gone; the next ones are on their way.
    terminal.expect("arrived");
    terminal.interrupt();
    let (said, code) = terminal.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error[interrupted]"), "{said}");
    assert!(!said.contains("VERDICT"), "{said}");
    assert_eq!(labels(&desk), [""; 0]);
}

#[test]
fn a_wrong_kind_or_size_is_wrong_usage() {
    let desk = Desk::embedded();
    assert_eq!(rehearse(&desk, &["P-224"], &[]).refusal(2), "usage");
    assert_eq!(
        desk.json(["rehearse", "--kek-size", "1024"]).refusal(2),
        "usage"
    );
}
