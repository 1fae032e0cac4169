//! Practice is walled off, and software is never taken for hardware.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

use keyferry_tests::{Desk, Kek, SoftHsm, audit_chain, opener};
use serde_json::json;
use tempfile::TempDir;

const KEY: &str = "travels";

#[test]
fn wrap_takes_no_practice_kid_whatever_the_flags() {
    let document = |kid: &str| {
        let mut document = Kek::shared(2048).az_document();
        document["key"]["kid"] = json!(kid);
        document.to_string()
    };
    let version = "0".repeat(32);
    for host in [
        "localhost:8443",
        "127.0.0.1:8443",
        "localhost",
        "[::1]:8443",
    ] {
        let kid = format!("https://{host}/keys/practice/{version}");
        for flags in [&[][..], &["--software-token"], &["--kid", &kid]] {
            let case = Case::new(Desk::embedded(), &document(&kid));
            let code = case.wrap(flags).refusal(1);
            assert!(
                code.starts_with("kid-") || code.contains("practice"),
                "{kid} {flags:?}: {code}"
            );
            case.left_nothing();
        }
    }
}

#[test]
fn no_setting_makes_a_practice_vault_of_this_machine() {
    for suffix in ["localhost", "127.0.0.1", "0.0.1"] {
        for name in ["vault_suffixes", "managed_hsm_suffixes"] {
            let kid = format!("https://any.{suffix}/keys/practice/{}", "0".repeat(32));
            let mut document = Kek::shared(2048).az_document();
            document["key"]["kid"] = json!(kid);
            let case = Case::new(Desk::embedded(), &document.to_string());
            let settings = format!("{name} = [\"{suffix}\"]\n");
            std::fs::write(case.desk.state().join("config.toml"), settings).unwrap();
            let answer = case.wrap(&["--software-token"]);
            assert_eq!(answer.code, Some(1), "{suffix}: {}", answer.all());
            case.left_nothing();
        }
    }
}

#[test]
fn a_key_of_the_embedded_token_goes_to_a_real_kid_only_when_that_is_said() {
    let case = Case::new(
        Desk::embedded(),
        &Kek::shared(2048).az_document().to_string(),
    );
    let thumbprint = Kek::shared(2048).thumbprint();
    for flags in [&[][..], &["--expect-kek", &thumbprint], &["--force"]] {
        assert_eq!(
            case.wrap(flags).refusal(1),
            "software-key-refused",
            "{flags:?}"
        );
        case.left_nothing();
    }
    let log = audit_chain::read(case.desk.state()).unwrap();
    assert!(log.iter().all(|line| line["event"] != "wrap-intent"));
    assert_eq!(log.last().unwrap()["outcome"], "refused");

    let answer = case.wrap(&["--software-token"]);
    assert!(answer.stderr.contains("software"), "{}", answer.all());
    let _ = answer.success();
    let file = std::fs::read(case.out()).unwrap();
    opener::open(&file, &Kek::shared(2048).private_pem(), 256).unwrap();
    let inspected = case
        .desk
        .json(["inspect", case.out().to_str().unwrap()])
        .success();
    let generator = inspected["generator"].as_str().unwrap().to_lowercase();
    assert!(
        generator.contains("soft"),
        "the generator says software: {generator}"
    );
}

#[test]
fn keys_says_which_token_is_software() {
    let token = SoftHsm::new("not embedded");
    for (desk, software) in [(Desk::embedded(), true), (Desk::soft_hsm(&token), false)] {
        let keys = desk.json(["keys"]).success();
        assert_eq!(keys["token"]["software"], software);
        for member in ["label", "manufacturer", "model", "serial", "firmware"] {
            assert!(
                !keys["token"][member].as_str().unwrap().is_empty(),
                "{member}: {keys}"
            );
        }
    }
    let words = Desk::embedded().run(["keys"]);
    assert!(
        words.stdout.to_lowercase().contains("software"),
        "{}",
        words.all()
    );
}

#[test]
fn the_demonstration_transfers_both_keys_and_calls_itself_practice() {
    let desk = Desk::embedded();
    for round in 1..=2 {
        let answer = desk.run(["demo", "--once"]);
        assert_eq!(answer.code, Some(0), "{}", answer.all());
        let said = answer.all().to_lowercase();
        for wanted in [
            "software token",
            "practice",
            "admitted",
            "oaep+kwp",
            "imported",
        ] {
            assert!(
                said.contains(wanted),
                "round {round}: {wanted:?} is not in {said}"
            );
        }
        let equal = said.matches("equals the token").count();
        assert_eq!(equal, 2, "round {round}: {said}");
    }
    let log = audit_chain::read(desk.state()).unwrap();
    let done = log
        .iter()
        .filter(|line| line["event"] == "wrap-outcome" && line["outcome"] == "done");
    assert_eq!(done.count(), 4);
    holds_no_private_key(desk.state());
}

/// A key on the embedded token, a KEK document, a place for the file.
struct Case {
    desk: Desk,
    folder: TempDir,
}

impl Case {
    fn new(desk: Desk, document: &str) -> Self {
        let _ = desk
            .json(["keygen", "--kind", "P-256", "--label", KEY])
            .success();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("kek.json"), document).unwrap();
        Self { desk, folder }
    }

    fn out(&self) -> std::path::PathBuf {
        self.folder.path().join("key.byok")
    }

    fn wrap(&self, more: &[&str]) -> keyferry_tests::Answer {
        let (kek, out) = (self.folder.path().join("kek.json"), self.out());
        let (kek, out) = (kek.to_str().unwrap(), out.to_str().unwrap());
        let fixed = ["wrap", "--yes", "--key", KEY, "--kek", kek, "--out", out];
        self.desk.json(fixed.iter().chain(more).copied())
    }

    fn left_nothing(&self) {
        assert_eq!(std::fs::read_dir(self.folder.path()).unwrap().count(), 1);
    }
}

/// The practice vault's private half lives in memory alone.
fn holds_no_private_key(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holds_no_private_key(&path);
            continue;
        }
        let content = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains("PRIVATE KEY"), "{}", path.display());
        assert!(!text.contains("\"d\":\""), "{}", path.display());
    }
}
