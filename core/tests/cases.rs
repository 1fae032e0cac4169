//! The case files of `tests/cases` (see the README there): the same ones that the WebAssembly
//! tests read, so that page and bridge cannot come to two verdicts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

use include_dir::{Dir, include_dir};
use keyferry_core::{Admission, Finding, Kek, KekSource, PracticeAuthority, inspect};
use serde_json::{Value, json};
use std::io::Write as _;

static KEK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/cases/kek");
static BLOB: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/cases/blob");

/// The clock of the cases: 2027-01-15T08:00:00Z.
const NOW: i64 = 1_800_000_000;

#[test]
fn every_kek_document_gets_its_verdict() {
    let mut failures = Vec::new();
    for case in KEK.dirs() {
        let admission = admission(case);
        let kid = file(case, "kid.txt").map(|bytes| str::from_utf8(bytes).unwrap());
        let now = if file(case, "now.txt").is_some() {
            None
        } else {
            Some(NOW)
        };
        let document = file(case, "input").unwrap();
        let source = KekSource {
            document,
            beside: file(case, "beside"),
            kid,
            now,
            admission: &admission,
        };
        let examination = Kek::examine(&source);
        assert_eq!(
            examination.kek.is_some(),
            examination.verdict.admitted,
            "{}",
            name(case)
        );
        let verdict = serde_json::to_value(&examination.verdict).unwrap();
        if name(case).starts_with("private-") || name(case).starts_with("secret-") {
            assert_nothing_is_echoed(document, &verdict.to_string(), name(case));
        }
        // What stands before an `@` may be a password.
        let user_info = kid
            .and_then(|kid| kid.rsplit_once('@'))
            .map(|(before, _)| before);
        if let Some((_, password)) = user_info.and_then(|before| before.rsplit_once(':'))
            && password.len() > 1
        {
            assert!(
                !verdict.to_string().contains(password),
                "{} echoes a password",
                name(case)
            );
        }
        compare(case, brief(verdict), &mut failures);
    }
    conclude("kek", KEK.dirs().count(), 60, &failures);
}

#[test]
fn every_blob_gets_its_verdict() {
    let mut failures = Vec::new();
    for case in BLOB.dirs() {
        let admission = admission(case);
        let kek = file(case, "kek").map(|document| {
            Kek::admit(&KekSource {
                document,
                beside: None,
                kid: None,
                now: Some(NOW),
                admission: &admission,
            })
            .unwrap()
        });
        let inspection = inspect(file(case, "input").unwrap(), kek.as_ref(), &admission);
        compare(
            case,
            brief(serde_json::to_value(&inspection).unwrap()),
            &mut failures,
        );
    }
    conclude("blob", BLOB.dirs().count(), 45, &failures);
}

/// The verdict with its findings as `severity code`, sorted: the words may change, the rules not.
fn brief(mut verdict: Value) -> Value {
    let findings: Vec<Finding> = serde_json::from_value(verdict["findings"].take()).unwrap();
    let mut rules: Vec<String> = findings
        .iter()
        .map(|finding| {
            assert!(
                !finding.message.is_empty() && !finding.advice.is_empty(),
                "{}",
                finding.code
            );
            format!(
                "{} {}",
                serde_json::to_value(finding.severity)
                    .unwrap()
                    .as_str()
                    .unwrap(),
                finding.code
            )
        })
        .collect();
    rules.sort();
    verdict["findings"] = json!(rules);
    verdict
}

/// No word of the document that is long enough to be a part of a key stands in the verdict.
fn assert_nothing_is_echoed(document: &[u8], verdict: &str, name: &str) {
    let text = String::from_utf8_lossy(document);
    for word in text.split(|character: char| {
        !(character.is_ascii_alphanumeric() || "+/-_=".contains(character))
    }) {
        assert!(
            word.len() < 16 || !verdict.contains(word),
            "{name} echoes {word}"
        );
    }
}

fn compare(case: &Dir<'_>, verdict: Value, failures: &mut Vec<String>) {
    let expected: Value = serde_json::from_slice(file(case, "expected.json").unwrap()).unwrap();
    if verdict != expected {
        failures.push(format!(
            "{}:\n  expected {expected}\n  got      {verdict}",
            name(case)
        ));
    }
}

fn conclude(kind: &str, count: usize, at_least: usize, failures: &[String]) {
    // Past the test harness's capture: the counts of native and WebAssembly runs are compared.
    let mut out = std::io::stdout().lock();
    writeln!(out, "{kind} cases: {count}").unwrap();
    assert!(count >= at_least, "case files are missing");
    assert!(
        failures.is_empty(),
        "{} of {count} {kind} cases:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn admission(case: &Dir<'_>) -> Admission {
    let practice = file(case, "practice.txt")
        .map(|bytes| PracticeAuthority::parse(str::from_utf8(bytes).unwrap()).unwrap());
    Admission {
        practice,
        ..Admission::default()
    }
}

fn file<'a>(case: &'a Dir<'_>, name: &str) -> Option<&'a [u8]> {
    case.get_file(case.path().join(name))
        .map(include_dir::File::contents)
}

fn name<'a>(case: &'a Dir<'_>) -> &'a str {
    case.path().to_str().unwrap()
}
