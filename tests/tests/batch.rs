//! `batch`: many keys by one manifest, one plan and one approval.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use keyferry_tests::many_keys::{ALL, ManyKeys, text, told};
use keyferry_tests::{Kek, Onlooker, Terminal, WholeBatch, audit_chain, kek, opener};
use serde_json::Value;

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What `--plan` says, as JSON.
fn plan(keys: &ManyKeys, manifest: &Path) -> Value {
    let manifest = text(manifest);
    let answer = keys.desk.json(["batch", &manifest, "--plan"]);
    answer.success()
}

#[test]
fn every_key_has_a_file_that_opens_a_receipt_a_line_in_the_record_and_one_in_the_report() {
    let keys = ManyKeys::new();
    let kek = Kek::shared(2048);
    let manifest = keys.manifest(kek);
    let answer = keys.batch(&manifest, &["--expect-kek", &kek.thumbprint()]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    let (lines, last) = told(&answer);
    assert_eq!(lines.len(), ALL);
    assert_eq!((&last["done"], &last["failed"]), (&ALL.into(), &0.into()));

    for line in &lines {
        assert_eq!(line["end"], "done");
        let name = line["file"].as_str().unwrap();
        let path = keys.out().join(name);
        let file = fs::read(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let receipt = read(&keys.out().join(name.replace(".byok", ".receipt.json")));
        assert_eq!(receipt["file_sha256"], kek::sha256(&file).as_str());
        assert_eq!(receipt["key_label"], line["label"]);
        // Opening costs four processes: some of each kind.
        let label = line["label"].as_str().unwrap();
        if label.ends_with('1') {
            let opened = opener::open(&file, &kek.private_pem(), kek.bytes()).unwrap();
            assert_eq!(opened.kid, kek.kid());
            let is_raw = line["kind"] == "AES-256";
            assert_eq!(opened.plaintext.len() == 32, is_raw, "{label}");
        }
    }

    let report = keys.report();
    assert_eq!(report["counts"]["done"], ALL);
    assert_eq!(report["lines"].as_array().unwrap().len(), ALL);
    assert_eq!(report["approvals"][0]["kind"], "by-flag");
    let html = fs::read_to_string(keys.out().join("batch-report.html")).unwrap();
    for word in ["tenant-72", "84 done", "by a flag of the command line"] {
        assert!(html.contains(word), "{word}");
    }
    for word in ["<script", "src=", "href="] {
        assert!(!html.contains(word), "{word}");
    }
    let list = fs::read_to_string(keys.out().join("plan.txt")).unwrap();
    assert_eq!(list.matches(" -> ").count(), ALL);

    // One intent for all of them, an outcome for each, all bound to the plan.
    let record = keys.record();
    assert_eq!(record.get("plan-intent intended"), Some(&1), "{record:?}");
    assert_eq!(record.get("plan-outcome done"), Some(&1), "{record:?}");
    assert_eq!(record.get("wrap-outcome done"), Some(&ALL), "{record:?}");
    assert_eq!(record.get("wrap-intent intended"), None, "{record:?}");
    let hash = report["plan"].as_str().unwrap();
    let lines = audit_chain::read(keys.desk.state()).unwrap();
    let wraps = lines.iter().filter(|line| line["event"] == "wrap-outcome");
    assert!(wraps.clone().all(|line| line["plan_sha256"] == hash));
    assert!(wraps.clone().all(|line| line["approval"] == "by-flag"));
}

#[test]
fn a_plan_touches_nothing_and_has_the_hash_that_is_approved() {
    let keys = ManyKeys::new();
    let kek = Kek::shared(2048);
    let manifest = keys.manifest(kek);
    let planned = plan(&keys, &manifest);
    assert_eq!(planned["lines"].as_array().unwrap().len(), ALL);
    assert!(!keys.out().exists());
    let events = keys.record();
    assert_eq!(events.keys().collect::<Vec<_>>(), ["unlock done"]);
    let (_, last) = told(&keys.batch(&manifest, &["--yes"]));
    assert_eq!(last["plan"], planned["hash"]);
}

#[test]
fn what_cannot_travel_stays_with_its_reason_and_the_rest_goes() {
    let keys = ManyKeys::new();
    let kek = Kek::shared(2048);
    let onlooker = Onlooker::embedded(&keys.desk);
    let _ = onlooker.ask(&["make-rsa", "stuck", "stuck"]);
    let manifest = keys.manifest(kek);
    let mut lines = fs::read_to_string(&manifest).unwrap();
    lines.push_str("[[key]]\nlabel = \"stuck\"\n[[key]]\nlabel = \"nowhere\"\n");
    lines.push_str("[[key]]\nlabel = \"data-1\"\nname = \"DATA-2\"\n");
    fs::write(&manifest, lines).unwrap();
    let answer = keys.batch(&manifest, &["--yes"]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let (lines, last) = told(&answer);
    // data-2 of the glob and data-1 as DATA-2 would be one key of the vault: neither goes.
    assert_eq!(lines.len(), ALL - 1, "{last}");
    let report = keys.report();
    let stays = report["stays"].as_array().unwrap();
    let codes: Vec<&str> = stays
        .iter()
        .map(|stay| stay["reasons"][0]["code"].as_str().unwrap())
        .collect();
    for code in ["not-extractable", "key-unknown", "name-clash"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
}

#[test]
fn a_folder_belongs_to_one_batch_and_holds_nothing_else() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(2048));
    fs::create_dir(keys.out()).unwrap();
    fs::write(keys.out().join("mine"), b"mine").unwrap();
    assert_eq!(keys.batch(&manifest, &["--yes"]).refusal(2), "usage");
    fs::remove_file(keys.out().join("mine")).unwrap();
    assert_eq!(keys.resume(&["--yes"]).refusal(2), "usage");
    assert_eq!(keys.batch(&manifest, &["--yes"]).code, Some(0));
    let again = keys.batch(&manifest, &["--yes"]);
    assert_eq!(again.refusal(2), "usage");
    assert!(again.stdout.contains("--resume"), "{}", again.stdout);
    // Nothing is left: nobody is asked, and the report is the same.
    let (lines, last) = told(&keys.resume(&[]));
    assert_eq!((lines.len(), &last["counts"]["done"]), (0, &ALL.into()));
}

#[test]
fn another_kek_than_expected_is_refused_before_anything_is_wrapped() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(2048));
    let other = "b".repeat(64);
    let answer = keys.batch(&manifest, &["--yes", "--expect-kek", &other]);
    assert_eq!(answer.refusal(1), "kek-mismatch");
    assert_eq!(keys.record().get("wrap-outcome done"), None);
}

#[test]
fn a_software_key_goes_to_no_real_vault_unless_that_is_said() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(2048));
    // The same token, without the flag.
    let state = text(keys.desk.state());
    let arguments = ["batch", &text(&manifest), "--plan", "--state", &state];
    let mut command = std::process::Command::new(keyferry_tests::desk::binary());
    let output = command.args(arguments).arg("--json").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let planned: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(planned["lines"].as_array().unwrap().len(), 0);
    let stays = planned["stays"].as_array().unwrap();
    assert_eq!(stays.len(), ALL);
    assert_eq!(stays[0]["reasons"][0]["code"], "software-key-refused");
}

#[test]
fn the_person_reads_the_list_page_by_page_and_a_yes_is_for_the_whole_plan() {
    let keys = ManyKeys::new();
    let kek = Kek::shared(2048);
    let manifest = keys.manifest(kek);
    let hash = plan(&keys, &manifest)["hash"].as_str().unwrap().to_owned();
    let mut terminal = Terminal::start(&keys.desk, keys.arguments(&manifest, &[]));
    let facts = terminal.expect("Wrap these 84 keys? [y/N, l to read the list] ");
    for word in [
        &grouped(&hash),
        &grouped(&kek.thumbprint()),
        &kek.kid(),
        "P-256: oaep+kwp, self-test exact",
        "never in hardware",
    ] {
        assert!(facts.contains(word), "{word}: {facts}");
    }
    terminal.type_line("l");
    let page = terminal.expect("-- Return for more, q to stop reading -- ");
    assert!(page.contains(&grouped(&hash)), "{page}");
    terminal.type_line("");
    let _ = terminal.expect("-- Return for more, q to stop reading -- ");
    terminal.type_line("q");
    let _ = terminal.expect("Wrap these 84 keys? [y/N, l to read the list] ");
    terminal.type_line("y");
    let _ = terminal.expect("84 of 84 keys done");
    let (_, code) = terminal.end();
    assert_eq!(code, Some(0));
    let lines = audit_chain::read(keys.desk.state()).unwrap();
    let intent = lines.iter().find(|line| line["event"] == "plan-intent");
    let intent = intent.unwrap();
    assert_eq!(intent["approval"], "terminal");
    assert_eq!(intent["plan_sha256"], hash.as_str());
}

#[test]
fn a_no_wraps_nothing_is_recorded_and_leaves_the_folder_free() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(2048));
    let mut terminal = Terminal::start(&keys.desk, keys.arguments(&manifest, &[]));
    let _ = terminal.expect("l to read the list] ");
    terminal.type_line("n");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(1), "{seen}");
    assert!(seen.contains("error[approval-refused]"), "{seen}");
    let record = keys.record();
    assert_eq!(record.get("plan-intent refused"), Some(&1), "{record:?}");
    assert_eq!(record.get("wrap-outcome done"), None, "{record:?}");
    assert_eq!(keys.batch(&manifest, &["--yes"]).code, Some(0));
}

/// Digits in groups of four.
fn grouped(hex: &str) -> String {
    let digits: Vec<char> = hex.chars().collect();
    let groups: Vec<String> = digits.chunks(4).map(|four| four.iter().collect()).collect();
    groups.join(" ")
}

#[test]
fn several_workers_make_the_same_of_a_plan_as_one() {
    let keys = ManyKeys::new();
    let manifest = keys.manifest(Kek::shared(2048));
    let answer = keys.batch(&manifest, &["--yes", "--jobs", "3"]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    let (lines, _) = told(&answer);
    let numbers: std::collections::BTreeSet<u64> = lines
        .iter()
        .map(|line| line["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers.len(), ALL);
    assert_eq!(keys.record().get("wrap-outcome done"), Some(&ALL));
}

/// Two workers, each with its own login, on a token that is not linked in.
#[test]
fn siblings_on_a_soft_hsm_make_one_right_file_of_each_key() {
    let keys = ManyKeys::soft_hsm();
    let kek = Kek::shared(2048);
    let manifest = keys.manifest(kek);
    let answer = keys.batch(&manifest, &["--yes", "--jobs", "2"]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    let (lines, last) = told(&answer);
    assert_eq!((lines.len(), &last["done"]), (ALL, &ALL.into()));
    let done = WholeBatch::by(&[&keys], kek).check();
    assert_eq!(done[0].len(), ALL);
    let record = keys.record();
    assert_eq!(record.get("wrap-outcome done"), Some(&ALL), "{record:?}");
    // Those that looked at the token before and after it are processes of their own.
    let logins = audit_chain::read(keys.desk.state()).unwrap();
    let plan = logins
        .iter()
        .position(|line| line["event"] == "plan-intent");
    let before = logins[..plan.unwrap()].iter();
    assert_eq!(before.filter(|line| line["event"] == "unlock").count(), 5);
}
