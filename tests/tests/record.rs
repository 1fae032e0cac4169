//! The audit log: what it says of a wrap, that it survives what can happen to it, and that the
//! tests' own reader of it sees what was changed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use keyferry_tests::{Desk, Kek, audit_chain};
use serde_json::{Value, json};

const KEY: &str = "recorded";

#[test]
fn a_wrap_is_an_intent_and_then_an_outcome() {
    let desk = desk();
    let _ = desk.json(wrap(&desk, "one")).success();
    let log = audit_chain::read(desk.state()).unwrap();
    let [.., intent, outcome] = &log[..] else {
        panic!("{log:?}")
    };
    let kek = Kek::shared(2048);
    for line in [intent, outcome] {
        assert_eq!(line["kid"], kek.kid());
        assert_eq!(line["kek_thumbprint_sha256"], kek.thumbprint());
        assert_eq!(
            (&line["key_label"], &line["target"]),
            (&KEY.into(), &"AES-256".into())
        );
        assert_eq!(
            (&line["strategy"], &line["self_test"]),
            (&"oaep+kwp".into(), &"exact".into())
        );
        assert_eq!(
            (&line["asked_by"], &line["approval"]),
            (&"command-line".into(), &"by-flag".into())
        );
        for member in ["token_serial", "token_firmware", "key_id", "time"] {
            assert!(
                line[member].as_str().is_some_and(|text| !text.is_empty()),
                "{member}: {line}"
            );
        }
    }
    assert_eq!(intent["ciphertext_sha256"], Value::Null);
    let file = fs::read_to_string(out(&desk, "one")).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    let ciphertext = file["ciphertext"].as_str().unwrap();
    let ciphertext = <base64ct::Base64UrlUnpadded as base64ct::Encoding>::decode_vec(ciphertext);
    assert_eq!(
        outcome["ciphertext_sha256"],
        keyferry_tests::kek::sha256(&ciphertext.unwrap())
    );
}

#[test]
fn several_processes_keep_one_chain() {
    let desk = desk();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let desk = &desk;
            scope.spawn(move || {
                for round in 0..3 {
                    let name = format!("{worker}-{round}");
                    let _ = desk.json(wrap(desk, &name)).success();
                }
            });
        }
    });
    let log = audit_chain::read(desk.state()).unwrap();
    let count = |event: &str| log.iter().filter(|line| line["event"] == event).count();
    assert_eq!((count("wrap-intent"), count("wrap-outcome")), (12, 12));
}

#[test]
fn a_torn_line_is_set_aside_and_recorded() {
    let desk = desk();
    append(&desk, "{\"seq\":99,\"time\":\"20");
    let _ = desk.json(wrap(&desk, "after")).success();
    let log = audit_chain::read(desk.state()).unwrap();
    assert!(
        log.iter().any(|line| line["event"] == "line-set-aside"),
        "{log:?}"
    );
    let kept = fs::read_dir(desk.state().join("audit")).unwrap();
    let kept: Vec<_> = kept
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        kept.iter().any(|name| name.starts_with("torn-")),
        "{kept:?}"
    );
}

/// A crash between the line and the head file: the line counts.
#[test]
fn a_whole_line_beyond_the_head_is_taken_up_and_recorded() {
    let desk = desk();
    let head = desk.state().join("audit/head.json");
    let before = fs::read(&head).unwrap();
    // Of all verbs this one writes a single line.
    let _ = desk.json(["keys"]).success();
    let lines = audit_chain::read(desk.state()).unwrap();
    let seq = |head: &[u8]| {
        serde_json::from_slice::<Value>(head).unwrap()["seq"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(seq(&before) + 1, lines.len() as u64);
    fs::write(&head, before).unwrap();
    let _ = desk.json(wrap(&desk, "after")).success();
    let log = audit_chain::read(desk.state()).unwrap();
    assert_eq!(log[..lines.len()], lines[..]);
    assert_eq!(log[lines.len()]["event"], "line-taken-up");
}

#[test]
fn a_line_that_follows_nothing_stops_the_next_wrap() {
    let desk = desk();
    let log = fs::read_to_string(desk.state().join("audit/log.jsonl")).unwrap();
    append(&desk, log.lines().next().unwrap());
    append(&desk, "\n");
    assert_eq!(desk.json(wrap(&desk, "never")).refusal(1), "audit-damaged");
    assert!(!out(&desk, "never").exists());
}

#[test]
fn the_tests_reader_sees_every_change() {
    let desk = desk();
    let _ = desk.json(wrap(&desk, "one")).success();
    let text = fs::read_to_string(desk.state().join("audit/log.jsonl")).unwrap();
    let head = fs::read_to_string(desk.state().join("audit/head.json")).unwrap();
    assert!(audit_chain::check(&text, &head).is_ok());
    let lines: Vec<&str> = text.lines().collect();
    let whole = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let mut swapped = lines.clone();
    swapped.swap(0, 1);
    for (name, changed) in [
        ("edited", text.replace(KEY, "removed!")),
        ("spaced", text.replacen("{\"seq\":1,", "{\"seq\": 1,", 1)),
        ("first line gone", whole(&lines[1..])),
        ("last line gone", whole(&lines[..lines.len() - 1])),
        ("a line twice", whole(&[&lines[..1], &lines[..]].concat())),
        ("two lines swapped", whole(&swapped)),
        ("torn", text[..text.len() - 5].to_owned()),
        ("empty", String::new()),
    ] {
        assert!(audit_chain::check(&changed, &head).is_err(), "{name}");
    }
    let older = json!({"seq": 1, "hash": "0".repeat(64)}).to_string();
    assert!(audit_chain::check(&text, &older).is_err(), "older head");
}

fn desk() -> Desk {
    let desk = Desk::embedded().flag("--software-token");
    let _ = desk
        .json(["keygen", "--kind", "AES-256", "--label", KEY])
        .success();
    desk
}

fn out(desk: &Desk, name: &str) -> PathBuf {
    desk.state().join(format!("{name}.byok"))
}

fn wrap(desk: &Desk, name: &str) -> Vec<String> {
    let (kek, out) = (Kek::shared(2048).az_json(), out(desk, name));
    [
        "wrap",
        "--yes",
        "--key",
        KEY,
        "--kek",
        kek.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn append(desk: &Desk, text: &str) {
    let path = desk.state().join("audit/log.jsonl");
    fs::OpenOptions::new()
        .append(true)
        .open(path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}
