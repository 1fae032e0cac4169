//! Two persons for one wrap: the second is asked natively, after the first, and by nothing else than themselves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use keyferry_tests::bridge::on_terminal;
use keyferry_tests::two_persons::{SECRET, SECRET_PROMPT, rule, write_policy};
use keyferry_tests::{Desk, Kek, Order, SoftHsm, Terminal, audit_chain};
use serde_json::Value;
use tempfile::TempDir;

const LABEL: &str = "payroll 2026";
const QUESTION: &str = "Wrap this key to this KEK? [y/N] ";

#[test]
fn the_second_person_is_asked_below_the_same_facts_and_is_in_the_record() {
    let case = Case::by_secret();
    let mut terminal = case.wrap(&[]);
    terminal.expect(QUESTION);
    terminal.type_line("y");
    let shown = terminal.expect(SECRET_PROMPT);
    let thumbprint = Kek::shared(2048).thumbprint();
    for wanted in [
        LABEL,
        "P-256",
        &thumbprint[..4],
        &Kek::shared(2048).kid(),
        "payroll wants a second approver",
    ] {
        assert!(shown.contains(wanted), "{wanted:?} is not in {shown}");
    }
    terminal.type_line(SECRET);
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(case.out.exists());
    for event in ["wrap-intent", "wrap-outcome"] {
        let line = case.last(event);
        assert_eq!(
            (&line["approval"], &line["second_approver"]),
            (&"terminal".into(), &"Kim".into())
        );
    }
    assert!(
        !std::fs::read_to_string(case.desk.state().join("audit/audit.jsonl"))
            .unwrap_or_default()
            .contains(SECRET)
    );
}

#[test]
fn a_wrong_secret_or_none_refuses_and_names_the_rule() {
    for secret in ["the first person", "y", ""] {
        let case = Case::by_secret();
        let mut terminal = case.wrap(&[]);
        terminal.expect(QUESTION);
        terminal.type_line("y");
        terminal.expect(SECRET_PROMPT);
        terminal.type_line(secret);
        let (shown, code) = terminal.end();
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains("error[second-approver-refused]"), "{shown}");
        assert!(shown.contains("the policy's rule payroll"), "{shown}");
        case.was_refused();
    }
}

#[test]
fn the_first_persons_no_is_enough() {
    let case = Case::by_secret();
    let mut terminal = case.wrap(&[]);
    terminal.expect(QUESTION);
    terminal.type_line("n");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(!shown.contains("Secret of"), "{shown}");
    assert!(!case.out.exists());
}

#[test]
fn no_flag_of_the_first_person_is_the_second() {
    let thumbprint = Kek::shared(2048).thumbprint();
    for flags in [&["--yes"][..], &["--expect-kek", &thumbprint]] {
        let case = Case::by_secret();
        // Nobody is there to be asked.
        let refused = case.desk.json(case.arguments(flags));
        assert_eq!(refused.refusal(1), "second-approver-refused");
        case.was_refused();
        // On a terminal the flag answers the first question, and the second person is asked all the same.
        let mut terminal = case.wrap(flags);
        terminal.expect(SECRET_PROMPT);
        terminal.type_line(SECRET);
        let (shown, code) = terminal.end();
        assert_eq!(code, Some(0), "{shown}");
        let line = case.last("wrap-outcome");
        assert_eq!(
            (&line["approval"], &line["second_approver"]),
            (&"by-flag".into(), &"Kim".into())
        );
    }
}

#[test]
fn other_keys_go_without_a_second_person() {
    let case = Case::new(&rule("no such key", "['Dana', 'Kim']"));
    let (shown, code) = case.wrap(&["--yes"]).end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(case.last("wrap-outcome").get("second_approver"), None);
}

#[test]
fn over_http_the_stage_is_told_and_three_wrong_secrets_lock() {
    let case = Case::by_secret();
    let (mut terminal, address) = on_terminal(&case.desk);
    let order = Order::new(Kek::shared(2048), LABEL);
    for _ in 0..3 {
        let reply = std::thread::scope(|scope| {
            let reply = scope.spawn(|| address.post("/v1/wraps", &order.body));
            terminal.expect(QUESTION);
            terminal.type_line("y");
            terminal.expect(SECRET_PROMPT);
            terminal.type_line("not this one");
            reply.join().unwrap()
        });
        assert!(String::from_utf8_lossy(&reply.body).contains("\"second-approving\""));
        assert_eq!(order.error(&reply), "second-approver-refused");
    }
    assert_eq!(
        order.error(&address.post("/v1/wraps", &order.body)),
        "bridge-locked"
    );
}

#[test]
fn a_second_token_is_logged_in_to_with_its_own_pin() {
    let token = SoftHsm::new("custodian");
    let case = Case::by_token(&token, "");
    let mut terminal = case.wrap(&["--yes"]);
    let shown = terminal.expect("PIN of the token custodian of the second approver Lee: ");
    assert!(shown.contains(LABEL), "{shown}");
    terminal.type_line(SoftHsm::PIN);
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains(SoftHsm::PIN), "{shown}");
    assert_eq!(case.last("wrap-outcome")["second_approver"], "Lee");
}

#[test]
fn a_wrong_pin_of_the_second_token_is_tried_once_and_refuses() {
    let token = SoftHsm::new("custodian");
    let case = Case::by_token(&token, "");
    let mut terminal = case.wrap(&["--yes"]);
    terminal.expect("of the second approver Lee: ");
    terminal.type_line("0815-wrong");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("the PIN of their token is wrong"), "{shown}");
    case.was_refused();
}

#[test]
fn another_token_by_the_label_of_the_second_is_refused() {
    let token = SoftHsm::new("custodian");
    let case = Case::by_token(&token, ", serial = 'not this'");
    let (shown, code) = case.wrap(&["--yes"]).end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("another token has the label"), "{shown}");
    case.was_refused();
}

#[test]
fn a_practice_wrap_takes_no_second_person() {
    let case = Case::new(&rule("*", "['Dana', 'Kim']"));
    let answer = case.desk.run(["demo", "--once"]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
}

#[test]
fn an_approvers_lines_are_made_at_the_terminal_and_work() {
    let desk = Desk::embedded();
    let mut terminal = Terminal::start(&desk, ["policy", "approver", "Kim"]);
    terminal.expect("New secret: ");
    terminal.type_line(SECRET);
    terminal.expect("The same again: ");
    terminal.type_line(SECRET);
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
    let made = shown.lines().map(str::trim_end);
    let lines: Vec<_> = made
        .skip_while(|line| *line != "[[approver]]")
        .take(3)
        .collect();
    let case = Case::new(&format!(
        "[[rule]]\nname = 'payroll'\nsecond_approver = 'Kim'\n{}\n",
        lines.join("\n")
    ));
    let mut terminal = case.wrap(&["--yes"]);
    terminal.expect("Secret of the second approver (Kim): ");
    terminal.type_line(SECRET);
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
}

#[test]
fn an_approvers_secret_is_refused_when_short_or_mistyped() {
    let desk = Desk::embedded();
    for (first, again) in [("short", "short"), (SECRET, "another second person")] {
        let mut terminal = Terminal::start(&desk, ["policy", "approver", "Kim"]);
        terminal.expect("New secret: ");
        terminal.type_line(first);
        terminal.expect("The same again: ");
        terminal.type_line(again);
        let (shown, code) = terminal.end();
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains("error[secret-unfit]"), "{shown}");
    }
    // Without a place to ask there is no other way to give it.
    assert_eq!(
        desk.json(["policy", "approver", "Kim"]).refusal(1),
        "prompt-unavailable"
    );
    assert_eq!(
        desk.json(["policy", "approver", "K\u{7}m"]).refusal(2),
        "usage"
    );
}

#[test]
fn a_policy_is_checked_and_its_hashes_are_not_repeated() {
    let case = Case::by_secret();
    let policy = case.policy.to_str().unwrap().to_owned();
    let said = case.desk.json(["policy", "check", &policy]);
    assert!(!said.stdout.contains("argon2"), "{}", said.stdout);
    let said = said.success();
    assert_eq!(said["accepted"], true);
    assert_eq!(
        said["rules"][0]["second_approver"],
        serde_json::json!(["Dana", "Kim"])
    );
    assert_eq!(
        said["approvers"][1],
        serde_json::json!({"name": "Kim", "by": "secret", "token": null})
    );
    let shown = case.desk.run(["policy", "check", &policy]).all();
    assert!(shown.contains("one of Dana, Kim"), "{shown}");

    std::fs::write(
        &case.policy,
        "[[rule]]\nname = 'x'\nsecond_approver = 'Nobody'\n",
    )
    .unwrap();
    let refused = case.desk.json(["policy", "check", &policy]);
    assert_eq!(refused.code, Some(1), "{}", refused.all());
    assert_eq!(refused.object()["accepted"], false);
    assert_eq!(refused.object()["findings"][0]["code"], "config-invalid");
    std::fs::set_permissions(&case.policy, Permissions::from_mode(0o666)).unwrap();
    let exposed = case.desk.json(["policy", "check", &policy]).object();
    assert_eq!(exposed["findings"][0]["code"], "policy-exposed");
    let absent = case.desk.json(["policy", "check", "/nowhere/policy.toml"]);
    assert_eq!(absent.refusal(1), "file-unreadable");
}

struct Case {
    desk: Desk,
    policy: PathBuf,
    out: PathBuf,
    _folder: TempDir,
}

impl Case {
    fn by_secret() -> Self {
        Self::new(&rule("payroll*", "['Dana', 'Kim']"))
    }

    fn by_token(token: &SoftHsm, more: &str) -> Self {
        let text = format!(
            "[[rule]]\nname = 'payroll'\nsecond_approver = 'Lee'\n[[approver]]\nname = 'Lee'\n\
             token = {{ module = '{}', label = 'custodian', env = {{ SOFTHSM2_CONF = '{}' }}{more} }}\n",
            SoftHsm::module().display(),
            token.configuration().display()
        );
        Self::new(&text)
    }

    fn new(policy_text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let policy = write_policy(folder.path(), policy_text);
        let mut desk = Desk::embedded().flag("--software-token");
        let _ = desk
            .json(["keygen", "--kind", "P-256", "--label", LABEL])
            .success();
        desk = desk.flag("--policy").flag(&policy);
        Self {
            desk,
            policy,
            out: folder.path().join("key.byok"),
            _folder: folder,
        }
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let kek = Kek::shared(2048).az_json();
        let fixed = [
            "wrap",
            "--key",
            LABEL,
            "--kek",
            kek.to_str().unwrap(),
            "--out",
            self.out.to_str().unwrap(),
        ];
        fixed
            .iter()
            .chain(more)
            .map(|argument| (*argument).to_owned())
            .collect()
    }

    fn wrap(&self, more: &[&str]) -> Terminal {
        Terminal::start(&self.desk, self.arguments(more))
    }

    fn last(&self, event: &str) -> Value {
        let log = audit_chain::read(self.desk.state()).unwrap();
        log.into_iter()
            .rfind(|line| line["event"] == event)
            .unwrap()
    }

    fn was_refused(&self) {
        assert!(!self.out.exists());
        let line = self.last("wrap-outcome");
        assert_eq!(
            (&line["outcome"], &line["code"]),
            (&"refused".into(), &"second-approver-refused".into())
        );
        let log = audit_chain::read(self.desk.state()).unwrap();
        assert!(log.iter().all(|line| line["event"] != "wrap-intent"));
    }
}
