//! `attest`, `wrap --attestation` and the policy, as they are typed. What is genuine is tried where the roots can be
//! chosen (`bridge/tests/hsm/attested.rs`): the program itself trusts the HSM maker's own alone, and that is shown here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::PathBuf;

use keyferry_tests::{Answer, Desk, Kek, audit_chain};
use serde_json::Value;

/// The object of an answer that is negative.
fn negative(answer: &Answer) -> Value {
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    answer.object()
}

fn case(name: &str) -> String {
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases/attestation");
    cases.join(name).join("input").to_str().unwrap().to_owned()
}

#[test]
fn the_program_refuses_a_maker_that_it_does_not_know() {
    let desk = Desk::embedded();
    for name in ["firmware-2-of-2048", "firmware-3-of-4096", "pin-matches"] {
        let verdict = negative(&desk.json(["attest", &case(name)]));
        assert_eq!(verdict["hardware"]["verdict"], "refused", "{name}");
        assert_eq!(verdict["key"]["verdict"], "not-checked", "{name}");
        assert_eq!(verdict["pool"]["verdict"], "not-verified", "{name}");
        assert_eq!(verdict["findings"][0]["code"], "chain-root-unknown");
    }
}

#[test]
fn the_verdict_is_one_object_of_four_members_whatever_the_file_is() {
    let desk = Desk::embedded();
    for (name, hardware) in [
        ("key-without-attestation", "not-available"),
        ("not-json", "refused"),
        ("empty-file", "refused"),
        ("statement-too-large", "refused"),
    ] {
        let verdict = negative(&desk.json(["attest", &case(name)]));
        assert_eq!(verdict["hardware"]["verdict"], hardware, "{name}");
        let members: Vec<&String> = verdict.as_object().unwrap().keys().collect();
        assert_eq!(members, ["findings", "hardware", "key", "pool"], "{name}");
    }
}

#[test]
fn a_pin_that_cannot_be_matched_is_a_mismatch() {
    let desk = Desk::embedded();
    let pin = "ab".repeat(32);
    let verdict = negative(&desk.json(["attest", &case("firmware-2-of-2048"), "--pin", &pin]));
    assert_eq!(verdict["pool"]["verdict"], "mismatch");
}

#[test]
fn nothing_is_pinned_of_an_attestation_that_does_not_hold() {
    let desk = Desk::embedded();
    let error = negative(&desk.json(["attest", "pin", &case("firmware-2-of-2048")]));
    assert_eq!(error["error"]["code"], "nothing-to-pin");
    assert!(!desk.state().join("pools.json").exists());
}

#[test]
fn wrong_usage_is_told_apart() {
    let desk = Desk::embedded();
    let file = case("firmware-2-of-2048");
    for arguments in [
        vec!["attest"],
        vec!["attest", &file, "--pin", "abc"],
        vec!["attest", &file, "--pin", "abc", "--pin-file", "x"],
    ] {
        assert_eq!(desk.run(arguments.clone()).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn a_wrap_whose_attestation_does_not_hold_leaves_no_file() {
    let desk = Desk::embedded();
    let kek = Kek::shared(2048);
    let folder = tempfile::tempdir().unwrap();
    let document = kek.az_json();
    let out = folder.path().join("key.byok");
    let _ = desk
        .json(["keygen", "--kind", "P-256", "--label", "k"])
        .success();
    let wrap = |more: &[&str]| {
        let mut arguments = vec!["wrap", "--key", "k", "--yes", "--software-token"];
        arguments.extend([
            "--kek",
            document.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]);
        arguments.extend(more);
        desk.json(arguments)
    };
    let error = negative(&wrap(&["--attestation", &case("firmware-2-of-2048")]));
    assert_eq!(error["error"]["code"], "attestation-refused");
    assert!(!out.exists());
    let line = audit_chain::read(desk.state()).unwrap().pop().unwrap();
    assert_eq!(line["code"], "attestation-refused");
    assert_eq!(line["outcome"], "refused");

    // Where there is none, nothing is refused without a policy.
    let policy = folder.path().join("policy.toml");
    std::fs::write(
        &policy,
        "[[rule]]\nname = 'all keys'\nrequire_attestation = true\n",
    )
    .unwrap();
    let error = negative(&wrap(&["--policy", policy.to_str().unwrap()]));
    assert_eq!(error["error"]["code"], "policy-refused");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("all keys"), "{message}");
    assert!(!out.exists());
    let _ = wrap(&["--attestation", &case("key-without-attestation")]).success();
    assert!(out.exists());
}

#[test]
fn a_policy_that_others_can_write_stops_the_verb() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::embedded();
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, "").unwrap();
    std::fs::set_permissions(&policy, std::fs::Permissions::from_mode(0o666)).unwrap();
    let error = negative(&desk.json(["keys", "--policy", policy.to_str().unwrap()]));
    assert_eq!(error["error"]["code"], "policy-exposed");
}
