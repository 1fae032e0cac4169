//! `vault import` of several files at once, against a practice vault in a process of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use keyferry_tests::practice_vault::PracticeVault;
use keyferry_tests::{Answer, Desk, Onlooker, audit_chain, p521};
use serde_json::Value;
use tempfile::TempDir;

/// A desk whose keys are wrapped already, and the practice vault that they go to.
struct Shelf {
    desk: Desk,
    vault: PracticeVault,
    folder: TempDir,
    files: Vec<PathBuf>,
}

impl Shelf {
    fn of(keys: &[(&str, &str)], faults: &[&str]) -> Self {
        let desk = Desk::embedded();
        for (label, kind) in keys {
            let keygen = ["keygen", "--kind", kind, "--label", label];
            let _ = match *kind {
                "P-521" => {
                    let onlooker = Onlooker::embedded(&desk);
                    p521::make(&desk, &onlooker, label, &["--software-token"])
                }
                _ => desk.json(keygen).success(),
            };
        }
        let vault = PracticeVault::start(&desk, faults);
        let url = format!("https://{}", vault.authority());
        let folder = tempfile::tempdir().unwrap();
        let document = folder.path().join("kek.json");
        let create = ["vault", "kek", "create", "--vault", &url, "--name", "KEK"];
        let out = ["--size", "2048", "--out", document.to_str().unwrap()];
        let _ = desk.json([&create[..], &out].concat()).success();
        let kek: Value = serde_json::from_slice(&std::fs::read(&document).unwrap()).unwrap();
        let kid = kek["key"]["kid"].as_str().unwrap().to_owned();
        let files = keys
            .iter()
            .map(|(label, _)| {
                let file = folder.path().join(format!("{label}.byok"));
                let wrap = ["wrap", "--key", label, "--kek", &kid, "--yes", "--out"];
                let _ = desk
                    .json([&wrap[..], &[file.to_str().unwrap()]].concat())
                    .success();
                file
            })
            .collect();
        Self {
            desk,
            vault,
            folder,
            files,
        }
    }

    fn import(&self, more: &[&str]) -> Answer {
        let files = self.files.iter().map(|file| file.to_str().unwrap());
        let arguments: Vec<&str> = ["vault", "import"].into_iter().chain(files).collect();
        self.desk.json([&arguments[..], more].concat())
    }

    fn versions(&self, name: &str) -> usize {
        let answer = self.vault.get(&format!("/keys/{name}/versions")).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let list: Value = serde_json::from_str(body).unwrap();
        list["value"].as_array().map_or(0, Vec::len)
    }
}

const KEYS: [(&str, &str); 5] = [
    ("one", "P-256"),
    ("two", "RSA-2048"),
    ("three", "AES-256"),
    ("four", "P-384"),
    ("five", "P-521"),
];

#[test]
fn several_files_are_imported_and_verified_though_the_service_throttles() {
    let shelf = Shelf::of(&KEYS, &["--fault", "429@import:3"]);
    let report = shelf.import(&[]).success();
    assert_eq!(report["failed"], serde_json::json!([]));
    let imported = report["imported"].as_array().unwrap();
    let names: Vec<&str> = imported
        .iter()
        .map(|key| key["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, KEYS.map(|(label, _)| label));
    for (label, _) in KEYS {
        assert_eq!(shelf.versions(label), 1, "{label}");
        let path = shelf.folder.path().join(format!("{label}.receipt.json"));
        let receipt: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert!(!receipt["import"]["verification"].is_null(), "{label}");
    }
    let lines = audit_chain::read(shelf.desk.state()).unwrap();
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!((count("import-intent"), count("import-outcome")), (5, 5));
}

#[test]
fn a_file_that_fails_stops_no_other_and_the_end_says_so() {
    let shelf = Shelf::of(&KEYS[..3], &["--fault", "409@import:1"]);
    let answer = shelf.import(&[]);
    assert_eq!(answer.code, Some(1), "{}", answer.all());
    let report = answer.object();
    assert_eq!(report["imported"].as_array().unwrap().len(), 2);
    let failed = report["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["error"]["code"], "vault-name-soft-deleted");
    assert!(failed[0]["file"].as_str().unwrap().ends_with(".byok"));
}

#[test]
fn nothing_is_sent_unless_every_file_is_fit_to_be() {
    let mut shelf = Shelf::of(&KEYS[..2], &[]);
    let broken = shelf.folder.path().join("broken.byok");
    std::fs::write(&broken, "{}").unwrap();
    shelf.files.push(broken);
    let _ = shelf.import(&[]).refusal(1);
    assert_eq!(shelf.versions("one"), 0);

    // A second file of the first key would become a second version of it.
    shelf.files.pop();
    let twin = shelf.folder.path().join("twin.byok");
    copy_with_receipt(&shelf.files[0], &twin);
    shelf.files.push(twin);
    assert_eq!(shelf.import(&[]).refusal(2), "usage");
    assert_eq!(shelf.versions("one"), 0);
    shelf.files.pop();
    assert_eq!(shelf.import(&["--name", "both"]).refusal(2), "usage");
}

#[test]
fn beside_exportable_the_policy_is_the_release_policy_and_else_this_machines() {
    let shelf = Shelf::of(&KEYS[..1], &[]);
    let release = shelf.folder.path().join("release.json");
    let authority = r#"{"version":"1.0.0","anyOf":[{"authority":"https://attest.example","allOf":[{"claim":"x-ms-sgx-is-debuggable","equals":"false"}]}]}"#;
    std::fs::write(&release, authority).unwrap();
    let policy = [
        "--exportable",
        "--policy",
        release.to_str().unwrap(),
        "--yes",
    ];
    // The practice vault takes no exportable key: that it was the one to refuse shows whose policy was read.
    assert_eq!(
        shelf.import(&policy).refusal(1),
        "vault-exportable-without-policy"
    );

    let rules = shelf.folder.path().join("rules.toml");
    std::fs::write(&rules, "[alow]\n").unwrap();
    let answer = shelf.import(&["--policy", rules.to_str().unwrap()]);
    assert_eq!(answer.refusal(1), "config-invalid");
}

fn copy_with_receipt(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
    std::fs::copy(
        from.with_extension("receipt.json"),
        to.with_extension("receipt.json"),
    )
    .unwrap();
}
