//! A person at a terminal: what is asked, what the answers do, and that a PIN stays unseen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use keyferry_tests::{Desk, Kek, SoftHsm, Terminal, audit_chain, opener};
use serde_json::Value;
use tempfile::TempDir;

const LABEL: &str = "to be asked about";
const QUESTION: &str = "Wrap this key to this KEK? [y/N] ";

#[test]
fn wrap_shows_key_and_thumbprint_before_it_asks() {
    let case = Case::embedded();
    let mut terminal = case.wrap(&[]);
    let shown = terminal.expect(QUESTION);
    let thumbprint = case.kek.thumbprint();
    let grouped: Vec<_> = (0..64)
        .step_by(4)
        .map(|at| &thumbprint[at..at + 4])
        .collect();
    for wanted in [
        LABEL,
        "P-256",
        &grouped.join(" "),
        &case.kek.kid(),
        "software token",
    ] {
        assert!(shown.contains(wanted), "{wanted:?} is not in {shown}");
    }
    terminal.type_line("n");
    terminal.end();
}

#[test]
fn no_refuses_and_is_recorded() {
    for answer in ["n", "", "no", "yess"] {
        let case = Case::embedded();
        let mut terminal = case.wrap(&[]);
        terminal.expect(QUESTION);
        terminal.type_line(answer);
        let (shown, code) = terminal.end();
        assert_eq!(code, Some(1), "{answer:?}: {shown}");
        assert!(shown.contains("error[approval-refused]"), "{shown}");
        assert!(shown.contains("help: "), "{shown}");
        case.left_nothing();
        assert_eq!(case.events("wrap-intent").len(), 0);
        let outcome = case.events("wrap-outcome").pop().unwrap();
        assert_eq!(outcome["outcome"], "refused");
        assert_eq!(outcome["code"], "approval-refused");
        assert_eq!(outcome["key_label"], LABEL);
        assert_eq!(outcome["kek_thumbprint_sha256"], case.kek.thumbprint());
    }
}

#[test]
fn yes_goes() {
    for answer in ["y", "YES"] {
        let case = Case::embedded();
        let mut terminal = case.wrap(&[]);
        terminal.expect(QUESTION);
        terminal.type_line(answer);
        let (shown, code) = terminal.end();
        assert_eq!(code, Some(0), "{shown}");
        case.opens();
        let outcome = case.events("wrap-outcome").pop().unwrap();
        assert_eq!(
            (&outcome["outcome"], &outcome["approval"]),
            (&"done".into(), &"terminal".into())
        );
    }
}

#[test]
fn yes_by_flag_is_recorded_as_such() {
    let case = Case::embedded();
    let (shown, code) = case.wrap(&["--yes"]).end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("[y/N]"), "{shown}");
    case.opens();
    assert_eq!(case.events("wrap-outcome")[0]["approval"], "by-flag");
}

#[test]
fn expected_kek_goes_in_every_spelling() {
    let thumbprint = Kek::shared(2048).thumbprint();
    let pairs = |by: &str| {
        let pairs: Vec<_> = (0..64)
            .step_by(2)
            .map(|at| &thumbprint[at..at + 2])
            .collect();
        pairs.join(by)
    };
    for spelling in [
        thumbprint.clone(),
        thumbprint.to_uppercase(),
        pairs(":"),
        pairs(" "),
    ] {
        let case = Case::embedded();
        let (shown, code) = case.wrap(&["--expect-kek", &spelling]).end();
        assert_eq!(code, Some(0), "{spelling}: {shown}");
        case.opens();
    }
}

#[test]
fn another_kek_than_expected_is_refused_without_a_question() {
    let case = Case::embedded();
    let mut other = case.kek.thumbprint();
    let last = if other.pop() == Some('0') { '1' } else { '0' };
    other.push(last);
    for flags in [
        &["--expect-kek", &other][..],
        &["--expect-kek", &other, "--yes"],
    ] {
        let (shown, code) = case.wrap(flags).end();
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains("error[kek-mismatch]"), "{shown}");
        assert!(!shown.contains("[y/N]"), "{shown}");
        case.left_nothing();
    }
    assert_eq!(case.events("wrap-intent").len(), 0);
}

#[test]
fn a_malformed_thumbprint_is_wrong_usage() {
    let case = Case::embedded();
    for text in ["", "abc", &"g".repeat(64), &"0".repeat(63), &"0".repeat(65)] {
        let (shown, code) = case.wrap(&["--expect-kek", text]).end();
        assert_eq!(code, Some(2), "{text:?}: {shown}");
        case.left_nothing();
    }
}

#[test]
fn the_pin_prompt_shows_nothing_of_the_pin() {
    let token = SoftHsm::new("asks for its PIN");
    let case = Case::soft_hsm(&token);
    let mut terminal = case.wrap(&[]);
    terminal.expect("PIN of the token asks for its PIN: ");
    terminal.type_line(SoftHsm::PIN);
    let shown = terminal.expect(QUESTION);
    assert!(
        shown.contains("zero bytes"),
        "what the self-test found is told: {shown}"
    );
    terminal.type_line("y");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("[y/N] y"), "the terminal does echo: {shown}");
    assert!(!shown.contains(SoftHsm::PIN), "{shown}");
    case.opens();
    case.holds_nowhere(SoftHsm::PIN);
}

#[test]
fn a_wrong_pin_at_the_prompt_is_not_asked_for_again() {
    let token = SoftHsm::new("wrong");
    let case = Case::soft_hsm(&token);
    let mut terminal = case.wrap(&[]);
    terminal.expect("PIN of the token wrong: ");
    terminal.type_line("wrong-0815");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("error[pin-wrong]"), "{shown}");
    assert!(!shown.contains("wrong-0815"), "{shown}");
    case.left_nothing();
    case.holds_nowhere("wrong-0815");
    let unlock = case.events("unlock").pop().unwrap();
    assert_eq!(
        (&unlock["outcome"], &unlock["code"]),
        (&"failed".into(), &"pin-wrong".into())
    );
}

#[test]
fn interrupting_a_question_leaves_nothing() {
    let case = Case::embedded();
    let mut terminal = case.wrap(&[]);
    terminal.expect(QUESTION);
    terminal.interrupt();
    let (shown, code) = terminal.end();
    assert_ne!(code, Some(0), "{shown}");
    case.left_nothing();
    assert_eq!(case.events("wrap-intent").len(), 0);
}

#[test]
fn without_a_terminal_nothing_is_asked_and_nothing_done() {
    let case = Case::embedded();
    let arguments = case.arguments(&[]);
    assert_eq!(case.desk.json(arguments).refusal(1), "prompt-unavailable");
    case.left_nothing();
}

#[test]
fn foreign_text_cannot_repaint_the_question() {
    let case = Case::new(Desk::embedded().flag("--software-token"), "fine");
    // The label comes from the command line here, from a stranger's token in life.
    let out = case.out.to_str().unwrap().to_owned();
    let kek = case.kek.az_json().to_str().unwrap().to_owned();
    let label = "evil\u{1b}[2J\u{202e}key";
    let answer = case.desk.run([
        "wrap", "--key", label, "--kek", &kek, "--out", &out, "--yes",
    ]);
    assert_eq!(answer.code, Some(1));
    for sign in ['\u{1b}', '\u{202e}'] {
        assert!(!answer.all().contains(sign), "{:?}", answer.all());
    }
}

/// One key on one token, one KEK, one place for the file.
struct Case {
    desk: Desk,
    kek: &'static Kek,
    folder: TempDir,
    out: PathBuf,
}

impl Case {
    fn embedded() -> Self {
        Self::new(Desk::embedded().flag("--software-token"), LABEL)
    }

    /// The key is made with the PIN from a file; the case's own desk has no PIN source.
    fn soft_hsm(token: &SoftHsm) -> Self {
        let maker = Desk::soft_hsm(token);
        let _ = maker
            .json(["keygen", "--kind", "P-256", "--label", LABEL])
            .success();
        Self::at(Desk::soft_hsm_asking(token))
    }

    fn new(desk: Desk, label: &str) -> Self {
        let _ = desk
            .json(["keygen", "--kind", "P-256", "--label", label])
            .success();
        Self::at(desk)
    }

    fn at(desk: Desk) -> Self {
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("key.byok");
        Self {
            desk,
            kek: Kek::shared(2048),
            folder,
            out,
        }
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let (kek, out) = (self.kek.az_json(), self.out.to_str().unwrap());
        let fixed = [
            "wrap",
            "--key",
            LABEL,
            "--kek",
            kek.to_str().unwrap(),
            "--out",
            out,
        ];
        let all = fixed.iter().chain(more);
        all.map(|argument| (*argument).to_owned()).collect()
    }

    fn wrap(&self, more: &[&str]) -> Terminal {
        Terminal::start(&self.desk, self.arguments(more))
    }

    fn opens(&self) {
        let file = std::fs::read(&self.out).unwrap();
        opener::open(&file, &self.kek.private_pem(), self.kek.bytes()).unwrap();
    }

    /// Neither the file nor a part of it under another name.
    fn left_nothing(&self) {
        let left: Vec<_> = std::fs::read_dir(self.folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    fn events(&self, event: &str) -> Vec<Value> {
        let log = audit_chain::read(self.desk.state()).unwrap();
        log.into_iter()
            .filter(|line| line["event"] == event)
            .collect()
    }

    fn holds_nowhere(&self, secret: &str) {
        for folder in [self.desk.state(), self.folder.path()] {
            search(folder, secret);
        }
    }
}

fn search(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, secret);
        } else {
            let content = std::fs::read(&path).unwrap();
            let found = content
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds the PIN", path.display());
        }
    }
}
