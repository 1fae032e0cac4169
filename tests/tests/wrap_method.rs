//! How a key is wrapped on tokens that are not as one would wish: what the self-test proves, what it
//! needs, what a person may say in its place, and what is said of a key that stays.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::PathBuf;

use base64ct::{Base64, Encoding as _};
use keyferry_tests::private_key_info::PrivateKeyInfo;
use keyferry_tests::{Answer, Desk, Kek, Simulated, Terminal, audit_chain, opener};
use serde_json::Value;

const QUESTION: &str = "Wrap this key to this KEK? [y/N] ";
const ON_TOKEN: &str = "Put them on the token? [y/N] ";

#[test]
fn a_mechanism_that_is_listed_and_refuses_makes_way_for_the_next() {
    let case = Case::new(
        "[[mechanism]]\ncode = 0x210A\nflags = [\"wrap\"]\nwraps = { key = \"kwp\" }\n\
         [[fault]]\ncall = \"C_WrapKey\"\nmechanism = 0x210B\nreturns = 0x70\n",
    );
    assert_eq!(
        case.wrap(&["--yes"]).success()["strategy"],
        "oaep+aes-wrap-pad"
    );
    case.opens();
}

#[test]
fn a_length_that_is_announced_wrongly_does_not_matter() {
    for lie in ["announced = -8", "announced = 8", "room = 9000"] {
        let case = Case::new(&format!(
            "[[mechanism]]\ncode = 0x210B\nflags = [\"wrap\"]\nwraps = {{ key = \"kwp\" }}\n{lie}\n"
        ));
        let _ = case.wrap(&["--yes"]).success();
        case.opens();
    }
}

#[test]
fn a_length_that_is_returned_wrongly_never_leaves() {
    for lie in [-8, -1, 1, 8] {
        let case = Case::new(&format!(
            "[[mechanism]]\ncode = 0x210B\nflags = [\"wrap\"]\nwraps = {{ key = \"kwp\" }}\nreturned = {lie}\n"
        ));
        assert_eq!(
            case.wrap(&["--yes"]).refusal(1),
            "self-test-failed",
            "{lie}"
        );
        case.left_nothing();
    }
}

/// Utimaco's library says CKR_TEMPLATE_INCONSISTENT to attributes that it does not want to be told.
#[test]
fn a_token_that_refuses_to_be_told_what_a_key_may_not_do_is_not_told() {
    let refused: String = ["0x104", "0x105", "0x107", "0x10A", "0x10C", "0x2"]
        .map(|attribute| {
            format!("[[template]]\nattribute = {attribute}\nvalue = false\nreturns = 0xD1\n")
        })
        .concat();
    let case = Case::new(&refused);
    let _ = case.wrap(&["--yes"]).success();
    case.opens();
    let made = case
        .token
        .desk()
        .json(["keygen", "--kind", "RSA-2048", "--label", "another"]);
    assert_eq!(made.success()["transferable"], true);
}

#[test]
fn a_token_that_takes_no_kek_is_told_as_such() {
    let case = Case::new("[[fault]]\ncall = \"C_CreateObject\"\nreturns = 0xD1\n");
    let answer = case.wrap(&["--yes"]);
    assert_eq!(answer.refusal(1), "self-test-failed");
    assert!(answer.stdout.contains("takes no KEK"), "{}", answer.stdout);
    case.left_nothing();
    let told = case.token.desk().json(["doctor", "--self-test"]);
    let verdict = &told.object()["verdicts"][0];
    assert_eq!(verdict["reasons"][0]["code"], "kek-import-refused");
}

#[test]
fn without_session_objects_a_person_may_allow_token_objects_which_are_gone_afterwards() {
    let case = Case::new("[policy]\nsession-objects-return = 0xD1\n");
    let before = case.objects();
    assert_eq!(case.wrap(&["--yes"]).refusal(1), "self-test-failed");
    let mut terminal = case.at_terminal(&["--yes"]);
    let shown = terminal.expect(ON_TOKEN);
    assert!(shown.contains("no session objects"), "{shown}");
    terminal.type_line("y");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("disposable-token-objects"), "{shown}");
    case.opens();
    assert_eq!(case.objects(), before, "what was put there is destroyed");
    let lines = case.events("self-test");
    assert_eq!(
        (&lines[0]["outcome"], &lines[0]["code"]),
        (&"refused".into(), &"prompt-unavailable".into())
    );
    assert_eq!(
        (&lines[1]["outcome"], &lines[1]["approval"]),
        (&"done".into(), &"terminal".into())
    );
}

#[test]
fn token_objects_of_a_self_test_that_fails_are_destroyed_too() {
    let case = Case::new(
        "[policy]\nsession-objects-return = 0xD1\n\
         [[fault]]\ncall = \"C_WrapKey\"\nreturns = 0x5\n",
    );
    let before = case.objects();
    let mut terminal = case.at_terminal(&["--yes"]);
    terminal.expect(ON_TOKEN);
    terminal.type_line("y");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("error[self-test-failed]"), "{shown}");
    assert_eq!(case.objects(), before);
    case.left_nothing();
}

/// The token makes no pairs, so nothing can be tried of EC keys; the target was there before.
const NO_PAIRS: &str = "[[fault]]\ncall = \"C_GenerateKeyPair\"\nreturns = 0x54\n";

#[test]
fn what_could_not_be_proven_is_used_only_when_named_and_approved_by_a_person() {
    let case = Case::new(NO_PAIRS);
    let answer = case.wrap(&["--yes"]);
    assert_eq!(answer.refusal(1), "self-test-failed");
    assert!(answer.stdout.contains("--unproven"), "{}", answer.stdout);
    let unproven = ["--unproven", "oaep+kwp"];
    assert_eq!(case.wrap(&unproven).refusal(1), "prompt-unavailable");
    let thumbprint = Kek::shared(2048).thumbprint();
    let expected = [&unproven[..], &["--expect-kek", &thumbprint]].concat();
    assert_eq!(case.wrap(&expected).refusal(1), "prompt-unavailable");
    let both = [&unproven[..], &["--yes"]].concat();
    assert_eq!(case.wrap(&both).code, Some(2));
    case.left_nothing();

    let mut terminal = case.at_terminal(&expected);
    terminal.expect(ON_TOKEN);
    terminal.type_line("n");
    let shown = terminal.expect(QUESTION);
    assert!(shown.contains("UNPROVEN"), "{shown}");
    terminal.type_line("y");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("unproven-strategy"), "{shown}");
    case.opens();
    let line = case.events("wrap-outcome").pop().unwrap();
    assert_eq!(
        (&line["self_test"], &line["code"], &line["approval"]),
        (
            &"not-run".into(),
            &"unproven-strategy".into(),
            &"terminal".into()
        )
    );
}

#[test]
fn an_unproven_strategy_is_refused_where_one_is_proven_wrong_or_not_there() {
    let unproven = |scenario: &str, strategy: &str| {
        let case = Case::new(scenario);
        let code = case.wrap(&["--unproven", strategy]).refusal(1);
        case.left_nothing();
        code
    };
    assert_eq!(unproven("", "oaep+kwp"), "unproven-needless");
    assert_eq!(
        unproven(NO_PAIRS, "rsa-aes-key-wrap"),
        "strategy-not-listed"
    );
    let wrong = "[mechanisms]\nhidden = [0x210B]\n[[mechanism]]\ncode = 0x210A\nflags = [\"wrap\"]\n\
                 wraps = { key = \"pkcs7\" }\n";
    assert_eq!(unproven(wrong, "oaep+aes-wrap-pad"), "self-test-failed");
}

#[test]
fn a_kind_that_the_self_test_does_not_cover_is_named() {
    let case = Case::of("P-384", "");
    let (shown, code) = case.at_terminal(&["--yes"]).end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("could not cover P-384"), "{shown}");
    assert!(shown.contains("kind-not-self-tested"), "{shown}");
}

/// Of this key alone, and beside its list: what the attribute means on most tokens would not do.
#[test]
fn a_key_whose_own_list_forbids_the_wrap_is_told_as_never_wrappable() {
    let list = "[[attribute]]\nattribute = 0x40000600\nlabel = \"key\"\n\
                value = [1, 0, 0, 0, 0, 0, 0, 0]\n";
    let refusal =
        "[[fault]]\ncall = \"C_WrapKey\"\ntarget = { modulus-bits = 3072 }\nreturns = 0x70\n";
    let case = Case::of("RSA-3072", &format!("{list}{refusal}"));
    let answer = case.wrap(&["--yes"]);
    assert_eq!(answer.refusal(1), "never-wrappable", "{}", answer.all());
    case.left_nothing();
    let case = Case::of("RSA-3072", list);
    let _ = case.wrap(&["--yes"]).success();
    let case = Case::of("RSA-3072", refusal);
    assert_eq!(case.wrap(&["--yes"]).refusal(1), "pkcs11-call-failed");
}

#[test]
fn a_key_without_size_or_public_half_says_how_to_find_it() {
    let case = Case::of(
        "RSA-2048",
        "[[attribute]]\nattribute = 0x120\nlabel = \"key\"\nreturns = 0x12\n",
    );
    let keys = case.token.desk().json(["keys"]).success();
    assert_eq!(keys["keys"][0]["transferable"], false);
    assert_eq!(keys["keys"][0]["reasons"][0]["code"], "public-half-missing");
    let answer = case.wrap(&["--yes"]);
    assert_eq!(answer.refusal(1), "public-half-missing");
    assert!(answer.stdout.contains("CKA_ID"), "{}", answer.stdout);
    case.left_nothing();
}

#[test]
fn what_the_session_lacks_is_told_by_its_own_code() {
    for (scenario, code, words) in [
        (
            "[[fault]]\ncall = \"C_FindObjectsInit\"\nreturns = 0xA3\n",
            "pin-to-be-changed",
            "Change it",
        ),
        (
            "[[fault]]\ncall = \"C_FindObjectsInit\"\nreturns = 0x101\n",
            "not-logged-in",
            "Unlock",
        ),
        ("[policy]\nsessions = 1\n", "session-limit", "sessions"),
        (
            "[[fault]]\ncall = \"C_Initialize\"\ndoes = \"abort\"\n",
            "worker-stopped",
            "C_Initialize",
        ),
        ("[slots]\ncopies = 0\n", "token-absent", "Connect"),
        ("[slots]\ncopies = 2\n", "token-ambiguous", "--slot"),
    ] {
        let case = Case::new(scenario);
        let answer = case.wrap(&["--yes"]);
        assert_eq!(answer.refusal(1), code, "{}", answer.all());
        assert!(answer.stdout.contains(words), "{}", answer.stdout);
        case.left_nothing();
    }
}

/// A key that was made before the token became what the scenario says.
struct Case {
    token: Simulated,
    desk: Desk,
}

impl Case {
    fn new(scenario: &str) -> Self {
        Self::of("P-256", scenario)
    }

    fn of(kind: &str, scenario: &str) -> Self {
        let token = Simulated::playing(&format!("title = \"of the test\"\n{scenario}"));
        let made = token
            .real()
            .json(["keygen", "--kind", kind, "--label", "key"]);
        let _ = made.success();
        let desk = token.desk();
        Self { token, desk }
    }

    fn out(&self) -> PathBuf {
        self.token.folder().join("key.byok")
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let kek = Kek::shared(2048).az_json();
        let (kek, out) = (kek.to_str().unwrap(), self.out());
        let fixed = ["wrap", "--key", "key", "--kek", kek, "--out"];
        let fixed = fixed.into_iter().chain([out.to_str().unwrap()]);
        fixed
            .chain(more.iter().copied())
            .map(str::to_owned)
            .collect()
    }

    fn wrap(&self, more: &[&str]) -> Answer {
        self.desk.json(self.arguments(more))
    }

    fn at_terminal(&self, more: &[&str]) -> Terminal {
        Terminal::start(&self.desk, self.arguments(more))
    }

    /// The token's keys, as the user of the real token sees them.
    fn objects(&self) -> Value {
        self.token.real().json(["keys"]).success()["keys"].clone()
    }

    fn events(&self, event: &str) -> Vec<Value> {
        let log = audit_chain::read(self.desk.state()).unwrap();
        log.into_iter()
            .filter(|line| line["event"] == event)
            .collect()
    }

    fn opens(&self) {
        let kek = Kek::shared(2048);
        let file = std::fs::read(self.out()).unwrap();
        let opened = opener::open(&file, &kek.private_pem(), kek.bytes()).unwrap();
        let info = PrivateKeyInfo::parse(&opened.plaintext).unwrap();
        let spki = self.objects()[0]["spki"].as_str().unwrap().to_owned();
        assert_eq!(Base64::encode_string(&info.public_half().unwrap()), spki);
    }

    fn left_nothing(&self) {
        assert!(!self.out().exists());
    }
}
