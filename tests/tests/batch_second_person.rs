//! Two persons for a batch: the second is asked for the plan, after the first and each time that it is run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs;
use std::path::PathBuf;

use base64ct::{Base64, Encoding as _};
use keyferry_tests::bridge::{Address, on_terminal};
use keyferry_tests::http::Reply;
use keyferry_tests::many_keys::{ALL, ManyKeys, told};
use keyferry_tests::two_persons::{SECRET, SECRET_PROMPT, rule, write_policy};
use keyferry_tests::{Kek, Terminal, audit_chain};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Eight of the plan's keys. The others are of no rule, and travel in the same plan.
const COVERED: &str = "data-*";
const QUESTION: &str = "Wrap these 84 keys? [y/N, l to read the list] ";

/// One of those keys cannot be wrapped while the file `broken` is there.
fn scenario(broken: &str) -> String {
    format!(
        "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntarget = {{ label-part = \"data-3\" }}\n\
         returns = 0x30\nwhile-file = {broken:?}"
    )
}

/// Many keys, a policy, and a token that can be broken.
struct Case {
    keys: ManyKeys,
    manifest: PathBuf,
    folder: TempDir,
}

impl Case {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let broken = folder.path().join("broken");
        let mut keys = ManyKeys::simulated(&scenario(broken.to_str().unwrap()));
        let policy = write_policy(folder.path(), &rule(COVERED, "['Dana', 'Kim']"));
        keys.desk = keys.desk.flag("--policy").flag(policy);
        let manifest = keys.manifest(Kek::shared(2048));
        Self {
            keys,
            manifest,
            folder,
        }
    }

    fn broken(self) -> Self {
        fs::write(self.folder.path().join("broken"), b"").unwrap();
        self
    }

    fn mend(&self) {
        fs::remove_file(self.folder.path().join("broken")).unwrap();
    }

    fn settings(self, text: &str) -> Self {
        fs::create_dir_all(self.keys.desk.state()).unwrap();
        fs::write(self.keys.desk.state().join("config.toml"), text).unwrap();
        self
    }

    fn start(&self, more: &[&str]) -> Terminal {
        Terminal::start(&self.keys.desk, self.keys.arguments(&self.manifest, more))
    }

    fn go_on(&self) -> Terminal {
        Terminal::start(&self.keys.desk, self.keys.resume_arguments(&[]))
    }

    fn lines(&self, event: &str) -> Vec<Value> {
        let mut lines = audit_chain::read(self.keys.desk.state()).unwrap();
        lines.retain(|line| line["event"] == event);
        lines
    }

    /// Each of these lines says who the second person was.
    fn assert_kim(&self, event: &str, count: usize) {
        let lines = self.lines(event);
        assert_eq!(lines.len(), count, "{event}");
        for line in lines {
            assert_eq!(line["second_approver"], "Kim", "{line}");
        }
    }

    /// Nothing was wrapped, nothing imported, nothing begun; the record says why.
    fn assert_refused(&self, times: usize) {
        let refused = self.lines("plan-intent");
        assert_eq!(refused.len(), times);
        for line in refused {
            assert_eq!(line["outcome"], "refused", "{line}");
            assert_eq!(line["code"], "second-approver-refused");
            assert_eq!(line["plan_keys"], ALL);
            assert_eq!(line["plan_sha256"].as_str().unwrap().len(), 64);
            assert_eq!(line.get("second_approver"), None, "{line}");
        }
        for event in ["plan-outcome", "wrap-outcome", "import-intent"] {
            assert_eq!(self.lines(event), [0; 0], "{event}");
        }
        assert!(!self.keys.out().join("ledger.sqlite").exists());
        assert_eq!(files(&self.keys.out()), [""; 0]);
    }
}

/// The files for a vault below a folder.
fn files(folder: &std::path::Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".byok")).collect()
}

#[test]
fn the_second_person_is_asked_for_the_plan_and_again_when_it_is_gone_on_with() {
    let case = Case::new().broken();
    let mut terminal = case.start(&[]);
    let facts = terminal.expect(QUESTION);
    assert!(!facts.contains("second approver"), "{facts}");
    terminal.type_line("y");
    let shown = terminal.expect(SECRET_PROMPT);
    let thumbprint = Kek::shared(2048).thumbprint();
    for wanted in [
        "payroll wants a second approver: Dana, Kim",
        &Kek::shared(2048).kid(),
        &thumbprint[..4],
        "P-256: oaep+kwp",
    ] {
        assert!(shown.contains(wanted), "{wanted:?} is not in {shown}");
    }
    assert_eq!(case.lines("wrap-outcome"), [0; 0], "before the second yes");
    terminal.type_line(SECRET);
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("83 of 84 keys done, 1 failed"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
    case.assert_kim("plan-intent", 1);
    case.assert_kim("plan-outcome", 1);
    case.assert_kim("wrap-outcome", ALL);
    // Of each key, covered by the rule or not, the receipt has the record's line of its own wrap.
    for line in case.keys.report()["lines"].as_array().unwrap() {
        let Some(file) = line["file"].as_str() else {
            assert_eq!(line["key"]["label"], "data-3");
            continue;
        };
        let receipt = case.keys.out().join(file.replace(".byok", ".receipt.json"));
        let receipt: Value = serde_json::from_slice(&fs::read(receipt).unwrap()).unwrap();
        let own: Value = serde_json::from_str(receipt["audit"]["line"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&own["second_approver"], &own["key_label"]),
            (&"Kim".into(), &line["key"]["label"])
        );
    }

    // The first person's word was kept. The second one's is not, and a wrong one wraps nothing.
    case.mend();
    let mut terminal = case.go_on();
    let facts = terminal.expect(SECRET_PROMPT);
    assert!(!facts.contains("Wrap these"), "{facts}");
    terminal.type_line("the first person");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("error[second-approver-refused]"), "{shown}");
    let refused = case.lines("plan-intent").pop().unwrap();
    assert_eq!(
        (&refused["outcome"], &refused["plan_keys"]),
        (&"refused".into(), &1.into())
    );
    assert_eq!(case.lines("wrap-outcome").len(), ALL);

    let mut terminal = case.go_on();
    let _ = terminal.expect(SECRET_PROMPT);
    terminal.type_line(SECRET);
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    case.assert_kim("plan-outcome", 2);
    case.assert_kim("wrap-outcome", ALL + 1);
    // The ledger's notes, one for each run that was allowed.
    let report = case.keys.report();
    let notes = report["approvals"].as_array().unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
    for note in notes {
        assert_eq!(
            (&note["kind"], &note["second"]),
            (&"terminal".into(), &"Kim".into())
        );
    }
    let page = fs::read_to_string(case.keys.out().join("batch-report.html")).unwrap();
    assert!(page.contains("second person Kim"), "{page}");
}

#[test]
fn a_wrong_secret_none_and_nobody_wrap_nothing_and_the_record_says_so() {
    let mut case = Case::new();
    for (times, secret) in [Some("the first person"), Some("y"), Some(""), None]
        .into_iter()
        .enumerate()
    {
        if secret.is_none() {
            case = case.settings("prompt_seconds = 2\n");
        }
        let mut terminal = case.start(&["--yes"]);
        let _ = terminal.expect(SECRET_PROMPT);
        if let Some(secret) = secret {
            terminal.type_line(secret);
        }
        let (shown, code) = terminal.end();
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains("error[second-approver-refused]"), "{shown}");
        assert!(shown.contains("the policy's rule payroll"), "{shown}");
        let late = shown.contains("nobody answered the prompt within 2 seconds");
        assert_eq!(late, secret.is_none(), "{shown}");
        case.assert_refused(times + 1);
    }
    let case = case.settings("");
    // Without a place to ask, no flag is the second person's word.
    let answer = case.keys.batch(&case.manifest, &["--yes"]);
    assert_eq!(answer.refusal(1), "second-approver-refused");
    case.assert_refused(5);
    // And the folder is as free as before.
    let mut terminal = case.start(&["--yes"]);
    let _ = terminal.expect(SECRET_PROMPT);
    terminal.type_line(SECRET);
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    case.assert_kim("wrap-outcome", ALL);
}

#[test]
fn a_plan_without_a_key_of_the_rule_takes_one_person() {
    let case = Case::new();
    let text = fs::read_to_string(&case.manifest).unwrap();
    let others = text.replace("[[key]]\nglob = \"data-*\"\n", "");
    fs::write(&case.manifest, others).unwrap();
    let answer = case.keys.batch(&case.manifest, &["--yes"]);
    assert_eq!(answer.code, Some(0), "{}", answer.all());
    let (lines, _) = told(&answer);
    assert_eq!(lines.len(), ALL - 8);
    let wraps = case.lines("wrap-outcome");
    assert!(
        wraps
            .iter()
            .all(|line| line.get("second_approver").is_none())
    );
}

/// A plan as the page orders it, of one key that the rule covers and one that it does not: its hash.
fn ordered(case: &Case, address: &Address) -> String {
    let held = case.keys.desk.json(["keys"]).success();
    let held = held["keys"].as_array().unwrap();
    let wanted: Vec<Value> = held
        .iter()
        .filter(|key| key["label"] == "data-3" || key["label"] == "tenant-3")
        .map(|key| json!({"label": key["label"], "id": key["id"]}))
        .collect();
    let kek = Kek::shared(2048);
    let order = json!({
        "kek": Base64::encode_string(&fs::read(kek.az_json()).unwrap()),
        "kid": null,
        "kek_thumbprint_sha256": kek.thumbprint(),
        "attestation": null,
        "keys": wanted,
        "name": "{label}",
        "operations": null,
        "tags": {},
    });
    let reply = address.post("/v1/plans", &order);
    assert_eq!(
        reply.status,
        200,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    let plan = reply.json();
    assert_eq!(plan["goes"].as_array().unwrap().len(), 2, "{plan}");
    plan["hash"].as_str().unwrap().to_owned()
}

#[test]
fn the_pages_plan_takes_the_second_person_too_each_time_it_is_run() {
    let case = Case::new().broken();
    let (mut terminal, address) = on_terminal(&case.keys.desk);
    let hash = ordered(&case, &address);
    let path = format!("/v1/plans/{hash}/run");
    let folder = case.keys.desk.state().join("batches").join(&hash);
    let mut run = |first: bool, secret: &str| {
        std::thread::scope(|scope| {
            let reply = scope.spawn(|| address.post(&path, &json!({})));
            if first {
                terminal.expect("Wrap these 2 keys? [y/N, l to read the list] ");
                terminal.type_line("y");
            }
            let shown = terminal.expect(SECRET_PROMPT);
            assert!(!shown.contains("Wrap these"), "{shown}");
            terminal.type_line(secret);
            last(&reply.join().unwrap())
        })
    };

    let refused = run(true, "the first person");
    assert_eq!(refused["error"]["code"], "second-approver-refused");
    assert_eq!(
        (&refused["state"], &refused["done"]),
        (&"ready".into(), &0.into())
    );
    assert_eq!(case.lines("wrap-outcome"), [0; 0]);
    assert_eq!(case.lines("plan-intent")[0]["outcome"], "refused");
    assert_eq!(files(&folder), [""; 0]);

    let half = run(true, SECRET);
    assert_eq!(
        (&half["done"], &half["failed"]),
        (&1.into(), &1.into()),
        "{half}"
    );
    case.mend();
    let refused = run(false, "the first person");
    assert_eq!(refused["error"]["code"], "second-approver-refused");
    assert_eq!(case.lines("wrap-outcome").len(), 2);
    let whole = run(false, SECRET);
    assert_eq!(
        (&whole["state"], &whole["done"]),
        (&"done".into(), &2.into()),
        "{whole}"
    );
    case.assert_kim("wrap-outcome", 3);
    case.assert_kim("plan-outcome", 2);
}

/// The last line of a run.
fn last(reply: &Reply) -> Value {
    assert_eq!(
        reply.status,
        200,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    reply.lines().pop().unwrap()
}
