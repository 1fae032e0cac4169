//! What is wrong with a module, a token, a PIN or a key: each gets its own code, and no second try.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use keyferry_tests::desk::binary;
use keyferry_tests::{Desk, Kek, Onlooker, SoftHsm, audit_chain};

#[test]
fn a_module_that_is_none_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("module.so");
    std::fs::write(&text, "not a library\n").unwrap();
    let empty = folder.path().join("empty.so");
    std::fs::write(&empty, "").unwrap();
    for (module, code) in [
        (folder.path().join("missing.so"), "module-missing"),
        (text, "module-not-a-library"),
        (empty, "module-not-a-library"),
        (binary(), "module-not-a-library"),
        (folder.path().to_owned(), "module-not-a-library"),
        (some_library(), "module-not-pkcs11"),
    ] {
        let desk = Desk::embedded().flag("--module").flag(&module);
        assert_eq!(desk.json(["keys"]).refusal(1), code, "{}", module.display());
        let answer = desk.run(["keys"]);
        assert!(
            answer.stderr.starts_with(&format!("error[{code}]: ")),
            "{}",
            answer.stderr
        );
        assert!(answer.stderr.contains("\n  help: "), "{}", answer.stderr);
    }
}

#[test]
fn a_token_that_is_not_there_is_named_with_those_that_are() {
    let token = SoftHsm::new("present");
    let desk = Desk::soft_hsm(&token);
    let _ = desk.json(["keys"]).success();
    let token = token.called("absent");
    let desk = Desk::soft_hsm(&token);
    let answer = desk.json(["keys"]);
    assert_eq!(answer.refusal(1), "token-unknown");
    assert!(answer.stdout.contains("absent") && answer.stdout.contains("present"));
}

#[test]
fn of_two_tokens_one_has_to_be_chosen() {
    let token = SoftHsm::new("first");
    token.add("second");
    let desk = Desk::embedded()
        .flag("--module")
        .flag(SoftHsm::module())
        .flag("--module-env=SOFTHSM2_CONF")
        .variable("SOFTHSM2_CONF", token.configuration());
    let answer = desk.json(["keys"]);
    assert_eq!(answer.refusal(1), "token-ambiguous");
    assert!(answer.stdout.contains("first") && answer.stdout.contains("second"));
    let desk = desk.flag("--slot").flag("987654321");
    assert_eq!(desk.json(["keys"]).refusal(1), "slot-unknown");
}

/// The embedded token flags a low count after seven and eight wrong PINs, the final try after nine. Each
/// run has to cost it exactly one, and the final try is left to whoever says yes to it.
#[test]
fn a_wrong_pin_is_tried_once() {
    let desk = Desk::embedded();
    let _ = desk.json(["keys"]).success();
    let onlooker = Onlooker::embedded(&desk);
    let wrong = desk
        .flag("--pin-source")
        .flag("env:WRONG_PIN")
        .variable("WRONG_PIN", "guess-0815");
    for tries in 1..=9 {
        let answer = wrong.json(["keys"]);
        assert_eq!(answer.refusal(1), "pin-wrong");
        assert!(!answer.all().contains("guess-0815"));
        let flags = onlooker.ask(&["flags"]);
        assert_eq!(flags["count_low"], [7, 8].contains(&tries), "after {tries}");
        assert_eq!(flags["final_try"], tries == 9, "after {tries}");
    }
    for _ in 0..3 {
        let code = wrong.json(["keys"]).refusal(1);
        assert!(
            ["pin-final-try", "prompt-unavailable"].contains(&code.as_str()),
            "{code}"
        );
    }
    assert_eq!(onlooker.ask(&["flags"])["locked"], false);
    let log = audit_chain::read(wrong.state()).unwrap();
    let failed = log
        .iter()
        .filter(|line| line["event"] == "unlock" && line["code"] == "pin-wrong");
    assert_eq!(failed.count(), 9);
}

#[test]
fn a_pin_source_without_a_pin_is_told() {
    let token = SoftHsm::new("no PIN");
    let folder = tempfile::tempdir().unwrap();
    let exposed = folder.path().join("exposed");
    std::fs::write(&exposed, SoftHsm::PIN).unwrap();
    let missing = format!("file:{}", folder.path().join("none").display());
    let exposed = format!("file:{}", exposed.display());
    for (source, code) in [
        ("env:NOT_SET_ANYWHERE", "pin-unavailable"),
        (&missing, "pin-unavailable"),
        ("file:/dev/null", "pin-unavailable"),
        (&exposed, "pin-file-exposed"),
        ("prompt", "prompt-unavailable"),
    ] {
        let desk = Desk::soft_hsm_asking(&token)
            .flag("--pin-source")
            .flag(source);
        assert_eq!(desk.json(["keys"]).refusal(1), code, "{source}");
    }
    assert_eq!(
        Onlooker::soft_hsm(&token).ask(&["flags"])["count_low"],
        false,
        "nothing was tried"
    );
}

#[test]
fn a_pin_given_as_its_own_source_is_not_repeated() {
    let token = SoftHsm::new("careless");
    let desk = Desk::soft_hsm_asking(&token)
        .flag("--pin-source")
        .flag(SoftHsm::PIN);
    for answer in [desk.run(["keys"]), desk.json(["keys"])] {
        assert_eq!(answer.code, Some(2), "{}", answer.all());
        assert!(!answer.all().contains(SoftHsm::PIN), "{}", answer.all());
    }
}

#[test]
fn a_label_that_fits_two_keys_needs_the_id() {
    let token = SoftHsm::new("twins");
    let onlooker = Onlooker::soft_hsm(&token);
    let ids = [0, 1].map(|_| onlooker.ask(&["make-rsa", "twin", "extractable"]));
    let case = Wrap::new(Desk::soft_hsm(&token));
    let answer = case.desk.json(case.arguments(&["--key", "twin"]));
    assert_eq!(answer.refusal(1), "key-ambiguous");
    case.left_nothing();
    for id in &ids {
        assert!(
            case.desk
                .json(["keys"])
                .stdout
                .contains(id.as_str().unwrap())
        );
    }
    let id = ids[1].as_str().unwrap();
    let answer = case.desk.json(case.arguments(&["--key-id", id])).success();
    assert_eq!(answer["target"], "RSA-2048");
    let log = audit_chain::read(case.desk.state()).unwrap();
    assert_eq!(log.last().unwrap()["key_id"], id);
}

#[test]
fn a_key_that_is_not_there_is_told() {
    let token = SoftHsm::new("empty");
    let case = Wrap::new(Desk::soft_hsm(&token));
    for selector in [["--key", "nobody"], ["--key-id", "00ff"]] {
        assert_eq!(
            case.desk.json(case.arguments(&selector)).refusal(1),
            "key-unknown"
        );
    }
    for selector in [&["--key-id", "xyz"][..], &[]] {
        let answer = case.desk.run(case.arguments(selector));
        assert!(matches!(answer.code, Some(1 | 2)), "{}", answer.all());
        assert!(answer.stderr.contains("error"), "{}", answer.all());
    }
    case.left_nothing();
}

#[test]
fn a_key_that_must_stay_is_refused_with_the_reason() {
    for token in [None, Some(SoftHsm::new("stuck"))] {
        let (desk, onlooker) = match &token {
            Some(token) => (Desk::soft_hsm(token), Onlooker::soft_hsm(token)),
            None => {
                let desk = Desk::embedded().flag("--software-token");
                let _ = desk.json(["keys"]).success();
                let onlooker = Onlooker::embedded(&desk);
                (desk, onlooker)
            }
        };
        let _ = onlooker.ask(&["make-rsa", "stays", "stuck"]);
        let case = Wrap::new(desk);
        let keys = case.desk.json(["keys"]).success();
        let key = &keys["keys"][0];
        assert_eq!(
            (&key["label"], &key["transferable"]),
            (&"stays".into(), &false.into())
        );
        assert_eq!(key["reasons"][0]["code"], "not-extractable");
        let answer = case.desk.json(case.arguments(&["--key", "stays"]));
        assert_eq!(answer.refusal(1), "not-extractable");
        case.left_nothing();
        let log = audit_chain::read(case.desk.state()).unwrap();
        let last = log.last().unwrap();
        assert_eq!(
            (&last["outcome"], &last["code"]),
            (&"refused".into(), &"not-extractable".into())
        );
    }
}

#[test]
fn a_made_key_can_travel_and_do_nothing_else_that_it_need_not() {
    let token = SoftHsm::new("least usage");
    let embedded = Desk::embedded();
    let soft = Desk::soft_hsm(&token);
    let views = [Onlooker::embedded(&embedded), Onlooker::soft_hsm(&token)];
    for (desk, onlooker) in [&embedded, &soft].into_iter().zip(&views) {
        for kind in ["RSA-2048", "P-256", "AES-256"] {
            let _ = desk
                .json(["keygen", "--kind", kind, "--label", kind])
                .success();
            let is = onlooker.ask(&["attributes", kind]);
            for (name, wanted) in [
                ("token", true),
                ("private", true),
                ("sensitive", true),
                ("extractable", true),
                ("unwrap", false),
                ("wrap", false),
                ("derive", false),
            ] {
                // A private key has no CKA_WRAP.
                let value = is[name].as_bool().unwrap_or_default();
                assert_eq!(value, wanted, "{kind}: {name} of {is}");
            }
        }
    }
}

#[test]
fn a_label_is_used_once() {
    let desk = Desk::embedded();
    let _ = desk
        .json(["keygen", "--kind", "P-256", "--label", "mine"])
        .success();
    let again = desk.json(["keygen", "--kind", "AES-256", "--label", "mine"]);
    assert_eq!(again.refusal(1), "label-taken");
    let keys = desk.json(["keys"]).success();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn a_kind_that_the_token_cannot_make_is_told() {
    let answer = Desk::embedded().json(["keygen", "--kind", "P-256K", "--label", "k1"]);
    assert_eq!(answer.refusal(1), "kind-unsupported");
    for kind in ["RSA-1024", "P-192", "AES-512", "rsa", ""] {
        let answer = Desk::embedded().run(["keygen", "--kind", kind, "--label", "x"]);
        assert_eq!(answer.code, Some(2), "{kind:?}: {}", answer.all());
    }
}

/// A wrap to a good KEK of a key that the test names.
struct Wrap {
    desk: Desk,
    folder: tempfile::TempDir,
}

impl Wrap {
    fn new(desk: Desk) -> Self {
        Self {
            desk,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let out = self.folder.path().join("key.byok");
        let kek = Kek::shared(2048).az_json();
        let fixed = ["wrap", "--yes", "--kek", text(&kek), "--out", text(&out)];
        fixed
            .iter()
            .chain(more)
            .map(|argument| (*argument).to_owned())
            .collect()
    }

    fn left_nothing(&self) {
        assert_eq!(std::fs::read_dir(self.folder.path()).unwrap().count(), 0);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A shared library that is no PKCS#11 module: the C library that this process runs on.
fn some_library() -> PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let path = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    path.map(PathBuf::from)
        .find(|path| text(path).contains("libc.so"))
        .unwrap()
}
