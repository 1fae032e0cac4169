//! `keyferry audit`: verdict, list and head of records that the real binary wrote, and of what was made of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use keyferry::audit_log::AuditLog;
use keyferry::state::StateFolder;
use keyferry_core::{AuditEntry, AuditEvent, Outcome, Requester};
use keyferry_tests::{Answer, Desk, Kek, Simulated};
use serde_json::Value;

const KEY: &str = "audited";

#[test]
fn a_record_is_intact_and_its_head_is_what_was_kept() {
    let desk = desk();
    wrap(&desk, "one");
    let verdict = desk.json(["audit", "verify"]).success();
    assert_eq!(verdict["intact"], true);
    assert_eq!(verdict["findings"], Value::Array(vec![]));
    assert_eq!(verdict["files"][0]["name"], "log.jsonl");
    let head = desk.json(["audit", "head"]).success();
    assert_eq!(head, verdict["head"]);
    assert_eq!(head["seq"], verdict["lines"]);

    let kept = desk.run(["audit", "head"]).stdout.trim().to_owned();
    wrap(&desk, "two");
    let holds = desk.json(["audit", "verify", "--head", &kept]).success();
    assert_eq!(holds["intact"], true);
    let people = desk.run(["audit", "verify"]);
    assert_eq!(people.code, Some(0));
    assert!(
        people.stdout.starts_with("The record is intact\n"),
        "{}",
        people.stdout
    );
}

#[test]
fn a_changed_line_is_named_with_exit_1() {
    let desk = desk();
    wrap(&desk, "one");
    let text = log(&desk);
    fs::write(
        path(&desk),
        text.replace("\"wrap-intent\"", "\"wrap-outcome\""),
    )
    .unwrap();
    let at = text
        .lines()
        .position(|line| line.contains("\"wrap-intent\""))
        .unwrap()
        + 1;
    let verdict = negative(&desk, &["audit", "verify"]);
    assert_eq!(codes(&verdict), ["audit-line-changed"]);
    let finding = &verdict["findings"][0];
    assert_eq!(
        (&finding["file"], &finding["line"], &finding["seq"]),
        (&"log.jsonl".into(), &at.into(), &at.into())
    );
    let people = desk.run(["audit", "verify"]);
    assert_eq!(people.code, Some(1));
    assert!(
        people
            .stdout
            .contains(&format!("log.jsonl:{at}: line {at} was changed")),
        "{}",
        people.stdout
    );
}

#[test]
fn a_receipt_is_found_and_a_chain_written_anew_is_found_by_it() {
    let desk = desk();
    wrap(&desk, "one");
    let receipt = desk.state().join("one.receipt.json");
    let receipt = receipt.to_str().unwrap();
    let verdict = desk
        .json(["audit", "verify", "--receipt", receipt])
        .success();
    assert_eq!(verdict["receipts"][0]["holds"], true);

    // The receipt repeats the line as it stands in the log, with its place.
    let value: Value = serde_json::from_slice(&fs::read(receipt).unwrap()).unwrap();
    let line = value["audit"]["line"].as_str().unwrap();
    assert!(log(&desk).lines().any(|found| found == line));
    let parsed: Value = serde_json::from_str(line).unwrap();
    for member in ["seq", "hash", "prev", "time"] {
        assert_eq!(value["audit"][member], parsed[member], "{member}");
    }

    // The same events, written anew from the first line on: every hash fits, the head file too.
    let other = tempfile::tempdir().unwrap();
    let state = StateFolder::open(Some(other.path())).unwrap();
    let anew = AuditLog::open(&state).unwrap();
    for line in log(&desk).lines() {
        let line = keyferry_core::verify_line(line, None).unwrap();
        let entry = AuditEntry {
            key_label: Some("another".to_owned()),
            ..line.entry
        };
        anew.append_blocking(entry).unwrap();
    }
    let folder = other.path().join("audit");
    let folder = folder.to_str().unwrap();
    assert_eq!(
        desk.json(["audit", "verify", "--folder", folder]).success()["intact"],
        true
    );
    let verdict = negative(
        &desk,
        &["audit", "verify", "--folder", folder, "--receipt", receipt],
    );
    assert_eq!(codes(&verdict), ["audit-receipt-line-differs"]);
    assert_eq!(verdict["receipts"][0]["holds"], false);

    // Not there at all; and one that tells something else than its line.
    let empty = tempfile::tempdir().unwrap();
    let verdict = negative(
        &desk,
        &[
            "audit",
            "verify",
            "--folder",
            empty.path().to_str().unwrap(),
            "--receipt",
            receipt,
        ],
    );
    assert_eq!(codes(&verdict), ["audit-receipt-line-absent"]);
    let edited = desk.state().join("edited.receipt.json");
    fs::write(
        &edited,
        fs::read_to_string(receipt)
            .unwrap()
            .replace("\"key_label\": \"audited\"", "\"key_label\": \"other\""),
    )
    .unwrap();
    let verdict = negative(
        &desk,
        &["audit", "verify", "--receipt", edited.to_str().unwrap()],
    );
    assert_eq!(codes(&verdict), ["audit-receipt-contradicts"]);
    fs::write(&edited, b"{}").unwrap();
    let verdict = negative(
        &desk,
        &[
            "audit",
            "verify",
            "--receipt",
            edited.to_str().unwrap(),
            receipt,
        ],
    );
    assert_eq!(codes(&verdict), ["audit-receipt-unreadable"]);
    assert_eq!(verdict["receipts"][1]["holds"], true);
}

#[test]
fn a_torn_tail_is_no_tampering_and_a_cut_one_is() {
    let desk = desk();
    let text = log(&desk);
    fs::write(path(&desk), format!("{text}{{\"seq\":9,")).unwrap();
    let verdict = desk.json(["audit", "verify"]).success();
    assert_eq!(codes(&verdict), ["audit-tail-torn"]);
    assert_eq!(verdict["findings"][0]["severity"], "warning");
    fs::write(path(&desk), &text[..text.len() - 5]).unwrap();
    assert_eq!(
        codes(&negative(&desk, &["audit", "verify"])),
        ["audit-tail-torn", "audit-tail-cut"]
    );
    assert_eq!(desk.json(["audit", "head"]).refusal(1), "audit-damaged");
}

#[test]
fn full_files_are_part_of_the_chain_and_a_missing_one_is_found() {
    let desk = desk();
    wrap(&desk, "one");
    wrap(&desk, "two");
    let text = log(&desk);
    let lines: Vec<&str> = text.lines().collect();
    let part = |from: usize, to: usize| {
        lines[from..to]
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let folder = desk.state().join("audit");
    let middle = folder.join("log-00000003-00000004.jsonl");
    fs::write(folder.join("log-00000001-00000002.jsonl"), part(0, 2)).unwrap();
    fs::write(&middle, part(2, 4)).unwrap();
    fs::write(path(&desk), part(4, lines.len())).unwrap();
    let verdict = desk.json(["audit", "verify"]).success();
    assert_eq!(verdict["files"].as_array().unwrap().len(), 3);
    assert_eq!(verdict["lines"], lines.len());
    // The next wrap goes on in the chain.
    wrap(&desk, "three");
    let _ = desk.json(["audit", "verify"]).success();

    fs::rename(&middle, folder.join("log-00000003-00000005.jsonl")).unwrap();
    assert_eq!(
        codes(&negative(&desk, &["audit", "verify"])),
        ["audit-file-name"]
    );
    fs::remove_file(folder.join("log-00000003-00000005.jsonl")).unwrap();
    let verdict = negative(&desk, &["audit", "verify"]);
    assert_eq!(codes(&verdict), ["audit-line-missing"]);
    let message = verdict["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("lines 3 to 4 are missing"), "{message}");
    assert_eq!(verdict["findings"][0]["file"], "log.jsonl");
}

#[test]
fn reading_changes_nothing_and_makes_nothing() {
    let desk = desk();
    // Something to settle, which only a writer may do.
    let text = log(&desk);
    fs::write(path(&desk), format!("{text}torn")).unwrap();
    let before = contents(desk.state());
    for verb in [
        &["audit", "verify"][..],
        &["audit", "list"],
        &["audit", "head"],
    ] {
        let _ = desk.json(verb.to_vec());
        assert_eq!(contents(desk.state()), before, "{verb:?}");
    }
    let nowhere = Desk::embedded();
    assert_eq!(
        nowhere.json(["audit", "verify"]).refusal(1),
        "file-unreadable"
    );
    assert!(!nowhere.state().exists());
}

#[test]
fn lines_are_listed_by_what_they_say() {
    let desk = desk();
    wrap(&desk, "one");
    let kek = Kek::shared(2048);
    let all = lines(&desk, &[]);
    assert_eq!(all.len(), log(&desk).lines().count());
    let thumbprint = kek.thumbprint();
    let some: [(&[&str], usize); 9] = [
        (&["--event", "wrap-intent,wrap-outcome"], 2),
        (&["--event", "wrap-outcome", "--outcome", "failed"], 0),
        (&["--kek", &thumbprint[..8]], 2),
        (&["--key", KEY, "--event", "keygen"], 1),
        (&["--kid", &kek.kid()], 2),
        (&["--text", "WRAP-INTENT"], 1),
        (&["--until", "2020-01-01"], 0),
        (&["--since", "2020-01-01T00:00:00Z"], all.len()),
        (&["--last", "1"], 1),
    ];
    for (options, count) in some {
        assert_eq!(lines(&desk, options).len(), count, "{options:?}");
    }
    assert_eq!(lines(&desk, &["--last", "1"])[0], all[all.len() - 1]);
    assert_eq!(
        desk.json(["audit", "list", "--event", "wrap"]).refusal(2),
        "usage"
    );
    let people = desk.run(["audit", "list", "--event", "keygen"]);
    assert!(
        people.stdout.contains("keygen") && people.stdout.contains(KEY),
        "{}",
        people.stdout
    );
}

/// A label can say anything, and a terminal acts on some of it.
#[test]
fn foreign_text_is_shown_and_not_obeyed() {
    let desk = Desk::embedded();
    let state = StateFolder::open(Some(desk.state())).unwrap();
    let mut entry = AuditEntry::new(AuditEvent::Keygen, Outcome::Done, Requester::Page);
    entry.key_label = Some("\u{1b}[2J\u{202e}evil".to_owned());
    AuditLog::open(&state)
        .unwrap()
        .append_blocking(entry)
        .unwrap();
    let people = desk.run(["audit", "list"]);
    assert!(
        people.stdout.contains("\\u{001b}[2J\\u{202e}evil"),
        "{}",
        people.stdout
    );
    assert!(!people.stdout.contains('\u{1b}'));
}

#[test]
fn a_page_to_print_is_written_beside_the_receipt_when_asked_for() {
    let desk = desk();
    wrap(&desk, "plain");
    assert!(!desk.state().join("plain.receipt.html").exists());
    let mut arguments = wrap_arguments(&desk, "printed");
    arguments.push("--receipt-page".to_owned());
    let report = desk.json(arguments).success();
    let page = PathBuf::from(report["receipt_page"].as_str().unwrap());
    assert_eq!(page, desk.state().join("printed.receipt.html"));
    let text = fs::read_to_string(page).unwrap();
    let receipt: Value =
        serde_json::from_slice(&fs::read(desk.state().join("printed.receipt.json")).unwrap())
            .unwrap();
    for member in ["hash", "prev"] {
        assert!(
            text.contains(receipt["audit"][member].as_str().unwrap()),
            "{member}"
        );
    }
    assert!(text.contains(receipt["file_sha256"].as_str().unwrap()));
}

/// The system refuses to let the log grow in the very moment of the intent line: everything before it was done, and
/// the token is not asked to wrap.
#[test]
fn without_its_intent_line_on_disk_nothing_is_wrapped() {
    let token = Simulated::playing("title = \"x\"\nrecord = \"calls\"\n");
    let desk = token.desk();
    let _ = desk
        .json(["keygen", "--kind", "AES-256", "--label", KEY])
        .success();
    let calls = || {
        let calls = fs::read_to_string(token.folder().join("calls")).unwrap();
        calls.matches("C_WrapKey").count()
    };
    let before = calls();
    wrap(&desk, "first");
    let whole = calls() - before;
    let sizes: Vec<usize> = log(&desk).lines().map(|line| line.len() + 1).collect();
    let [.., unlock, intent, _] = sizes[..] else {
        panic!("{sizes:?}")
    };

    // The log is grown beyond every other file, so that the limit on a file's size meets it alone.
    let state = StateFolder::open(Some(desk.state())).unwrap();
    let record = AuditLog::open(&state).unwrap();
    let mut filler = AuditEntry::new(AuditEvent::Keygen, Outcome::Done, Requester::Bridge);
    filler.key_label = Some("x".repeat(100_000));
    for _ in 0..20 {
        record.append_blocking(filler.clone()).unwrap();
    }
    let length = log(&desk).len();
    // `ulimit -f` counts blocks of 512 bytes, and an intent line is longer than one.
    let blocks = (length + unlock + intent - 1) / 512;
    assert!(blocks * 512 > length + unlock, "{unlock} {intent}");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let before = calls();
    let mut command = desk.detached_by(&["sh", "-c", &script], wrap_arguments(&desk, "never"));
    let answer = Answer::new(command.arg("--json").output().unwrap());
    assert_eq!(answer.refusal(1), "audit-unwritable");
    assert!(!desk.state().join("never.byok").exists());
    // A wrap is two calls: how long it will be, and then itself.
    assert_eq!(
        calls() - before,
        whole - 2,
        "the self-test's wraps and no other"
    );
    let last = lines(&desk, &["--last", "1"]);
    assert_ne!(last[0]["event"], "wrap-intent");
    let _ = desk.json(["audit", "verify"]).success();
    wrap(&desk, "again");
    let _ = desk.json(["audit", "verify"]).success();
}

fn desk() -> Desk {
    let desk = Desk::embedded().flag("--software-token");
    let _ = desk
        .json(["keygen", "--kind", "AES-256", "--label", KEY])
        .success();
    desk
}

fn wrap_arguments(desk: &Desk, name: &str) -> Vec<String> {
    let kek = Kek::shared(2048).az_json();
    let out = desk.state().join(format!("{name}.byok"));
    let words = [
        "wrap",
        "--yes",
        "--key",
        KEY,
        "--kek",
        kek.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    words.map(str::to_owned).to_vec()
}

fn wrap(desk: &Desk, name: &str) {
    let _ = desk.json(wrap_arguments(desk, name)).success();
}

fn path(desk: &Desk) -> PathBuf {
    desk.state().join("audit/log.jsonl")
}

fn log(desk: &Desk) -> String {
    fs::read_to_string(path(desk)).unwrap()
}

fn negative(desk: &Desk, arguments: &[&str]) -> Value {
    let answer = desk.json(arguments.to_vec());
    assert_eq!(answer.code, Some(1), "{}\n{}", answer.stdout, answer.stderr);
    let verdict = answer.object();
    assert_eq!(verdict["intact"], false, "{verdict}");
    verdict
}

fn codes(verdict: &Value) -> Vec<&str> {
    let findings = verdict["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

fn lines(desk: &Desk, options: &[&str]) -> Vec<Value> {
    let answer = desk.json([&["audit", "list"], options].concat()).success();
    assert_eq!(answer["intact"], true);
    answer["lines"].as_array().unwrap().clone()
}

/// Every file below, with what is in it.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}
