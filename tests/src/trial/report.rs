//! The report: Markdown, fit to paste in an issue. No PIN, no label, no serial number.

use std::fmt::Write as _;
use std::process::Command;

use keyferry_core::visible;
use serde_json::Value;

use crate::tool::openssl;

/// What came of a trial.
pub struct Report {
    pub(super) doctor: Value,
    pub(super) kinds: Vec<KindReport>,
    /// How many objects were destroyed at the end; none when that failed.
    pub(super) removed: Option<usize>,
}

/// What came of one kind.
pub(super) struct KindReport {
    kind: String,
    pub(super) strategy: Option<String>,
    /// The sizes of KEK under which it travelled.
    pub(super) keks: Vec<usize>,
    pub(super) outcome: String,
    pub(super) good: bool,
}

impl KindReport {
    pub(super) fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            strategy: None,
            keks: Vec::new(),
            outcome: String::new(),
            good: false,
        }
    }

    /// A kind that the token cannot make, or that is not expected to travel, is no failure.
    fn is_failure(&self) -> bool {
        !self.good && !self.outcome.starts_with("not ")
    }

    pub(super) fn line(&self) -> String {
        format!("{}: {}", self.kind, visible(&self.outcome))
    }
}

impl Report {
    /// Whether something travelled, nothing failed, and nothing is left on the token.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.kinds.iter().any(|kind| kind.good)
            && !self.kinds.iter().any(KindReport::is_failure)
            && self.removed.is_some()
    }

    /// The report's text.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::from("### Keyferry on an HSM\n\n");
        let (module, token) = (&self.doctor["module"], &self.doctor["token"]);
        for (name, value) in [
            (
                "library",
                joined(module, &["manufacturer", "description", "version"]),
            ),
            ("file", file_name(&shown(&module["path"]))),
            ("Cryptoki", shown(&module["cryptoki"])),
            ("token", joined(token, &["manufacturer", "model"])),
            ("firmware", shown(&token["firmware"])),
            ("login", shown(&token["login"])),
            ("profile", shown(&self.doctor["profile"]["name"])),
            ("keyferry", env!("CARGO_PKG_VERSION").to_owned()),
            ("system", system()),
            ("opened by", first_line(openssl(&["version"], b""))),
        ] {
            let _ = writeln!(text, "- {name}: {value}");
        }
        text.push_str("\n| strategy | listed | self-test |\n|---|---|---|\n");
        for strategy in self.doctor["strategies"].as_array().unwrap() {
            let listed = if strategy["listed"] == true {
                "yes"
            } else {
                "no"
            };
            let (name, outcome) = (shown(&strategy["name"]), shown(&strategy["self_test"]));
            let _ = writeln!(text, "| {name} | {listed} | {outcome} |");
        }
        text.push_str("\n| key | strategy | KEKs | outcome |\n|---|---|---|---|\n");
        for kind in &self.kinds {
            let strategy = kind.strategy.as_deref().unwrap_or("–");
            let keks: Vec<_> = kind.keks.iter().map(usize::to_string).collect();
            let outcome = visible(&kind.outcome).replace('|', "\\|");
            let _ = writeln!(
                text,
                "| {} | {strategy} | {} | {outcome} |",
                kind.kind,
                keks.join(", ")
            );
        }
        for finding in self.doctor["findings"].as_array().unwrap() {
            let _ = write!(
                text,
                "\n- {}: {}",
                shown(&finding["code"]),
                shown(&finding["message"])
            );
        }
        let removed = match self.removed {
            Some(count) => format!("{count} disposable objects were destroyed at the end."),
            None => "Disposable objects may be left on the token.".to_owned(),
        };
        let verdict = if self.is_good() { "passed" } else { "FAILED" };
        let _ = writeln!(text, "\n\n{removed}\n\n**{verdict}**");
        text
    }
}

fn shown(value: &Value) -> String {
    match value.as_str() {
        Some(text) => visible(text.trim()),
        None => "–".to_owned(),
    }
}

fn joined(value: &Value, members: &[&str]) -> String {
    let parts: Vec<_> = members.iter().map(|member| shown(&value[member])).collect();
    parts.join(", ")
}

fn file_name(path: &str) -> String {
    path.rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn system() -> String {
    let uname = Command::new("uname").args(["-srm"]).output();
    let text = uname.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| std::env::consts::OS.to_owned())
}

fn first_line(output: Result<Vec<u8>, String>) -> String {
    let text = output.unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}
