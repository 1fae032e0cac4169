//! The attestation cases of `tests/cases` (see the README there), verified under the synthetic maker's root.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

use include_dir::{Dir, include_dir};
use keyferry_core::{
    Admission, AttestationSource, AttestationVerdict, AttestedKek, Finding, HardwareVerdict, Kek,
    KekSource, OwnerFingerprint, PoolVerdict, TrustedRoots, verify_attestation,
};
use serde_json::{Value, json};
use std::io::Write as _;

static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/cases/attestation");
const ROOT: &str = include_str!("../../tests/cases/keys/attestation-root.pem");

/// The clock of the cases: 2027-01-15T08:00:00Z.
const NOW: i64 = 1_800_000_000;

#[test]
fn every_attestation_gets_its_verdict() {
    let roots = TrustedRoots::from_pem(&[ROOT]);
    let mut failures = Vec::new();
    for case in CASES.dirs() {
        let expected: Value = serde_json::from_slice(file(case, "expected.json").unwrap()).unwrap();
        let got = brief(verdict(case, &roots));
        if got != expected {
            failures.push(format!(
                "{}:\n  expected {expected}\n  got      {got}",
                case.path().display()
            ));
        }
    }
    let count = CASES.dirs().count();
    // Past the test harness's capture: the counts of native and WebAssembly runs are compared.
    writeln!(std::io::stdout().lock(), "attestation cases: {count}").unwrap();
    assert!(count >= 160, "case files are missing");
    assert!(
        failures.is_empty(),
        "{} of {count} attestation cases:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn the_makers_real_roots_refuse_the_synthetic_maker() {
    let roots = TrustedRoots::marvell();
    for case in CASES.dirs() {
        let verdict = verdict(case, &roots);
        assert_ne!(verdict.hardware.verdict, HardwareVerdict::Genuine);
        assert_ne!(verdict.pool.verdict, PoolVerdict::Pinned);
        assert!(!verdict.is_good());
    }
}

#[test]
fn ten_megabytes_of_certificates_are_refused_before_they_are_read() {
    let roots = TrustedRoots::from_pem(&[ROOT]);
    let certificates = "A".repeat(10 * 1024 * 1024);
    let document = format!(
        r#"{{"certificatePemFile":"{certificates}","privateKeyAttestation":"","publicKeyAttestation":"","version":"MRVL-1"}}"#
    );
    let verdict = verify_attestation(&AttestationSource {
        document: document.as_bytes(),
        kek: None,
        pin: None,
        roots: &roots,
        now: NOW,
    });
    assert_eq!(verdict.hardware.verdict, HardwareVerdict::Refused);
    assert_eq!(verdict.findings[0].code, "attestation-too-large");
}

fn verdict(case: &Dir<'_>, roots: &TrustedRoots) -> AttestationVerdict {
    let document = file(case, "input").unwrap();
    let kek = Kek::admit(&KekSource {
        document: file(case, "kek").unwrap_or(document),
        beside: None,
        kid: None,
        now: Some(NOW),
        admission: &Admission::default(),
    })
    .ok();
    let path = kek.as_ref().and_then(|kek| kek.kid().path());
    verify_attestation(&AttestationSource {
        document,
        kek: kek
            .as_ref()
            .map(|kek| AttestedKek::of(kek, path.as_deref())),
        pin: text(case, "pin.txt").map(|pin| pin.parse::<OwnerFingerprint>().unwrap()),
        roots,
        now: text(case, "now.txt").map_or(NOW, |now| now.parse().unwrap()),
    })
}

/// The three results, and the findings as `severity code`, sorted: the words may change, the rules not.
fn brief(verdict: AttestationVerdict) -> Value {
    let mut rules: Vec<String> = verdict.findings.iter().map(rule).collect();
    rules.sort();
    let verdict = serde_json::to_value(&verdict).unwrap();
    assert!(!verdict["hardware"]["why"].as_str().unwrap().is_empty());
    assert!(!verdict["key"]["why"].as_str().unwrap().is_empty());
    json!({
        "hardware": verdict["hardware"]["verdict"],
        "key": verdict["key"]["verdict"],
        "pool": verdict["pool"]["verdict"],
        "fingerprint_sha256": verdict["pool"]["fingerprint_sha256"],
        "findings": rules,
    })
}

fn rule(finding: &Finding) -> String {
    assert!(!finding.message.is_empty() && !finding.advice.is_empty());
    let severity = serde_json::to_value(finding.severity).unwrap();
    format!("{} {}", severity.as_str().unwrap(), finding.code)
}

fn file<'a>(case: &'a Dir<'_>, name: &str) -> Option<&'a [u8]> {
    case.get_file(case.path().join(name))
        .map(include_dir::File::contents)
}

fn text<'a>(case: &'a Dir<'_>, name: &str) -> Option<&'a str> {
    file(case, name).map(|bytes| str::from_utf8(bytes).unwrap())
}
