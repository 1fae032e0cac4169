//! The case files of `tests/cases` (see the README there), through the shim and as the page sees its
//! results: the same folders that the native tests read, and the count of them is compared.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use include_dir::{Dir, File, include_dir};
use keyferry_core::{
    Admission, AttestationSource, AttestedKek, Kek, KekSource, PracticeAuthority, TrustedRoots,
    verify_attestation,
};
use keyferry_wasm::{examine_kek, inspect_blob};
use keyferry_wasm_attestation::verdict_json;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

static KEK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/cases/kek");
static BLOB: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/cases/blob");

static ATTESTATION: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/cases/attestation");
const ROOT: &str = include_str!("../../tests/cases/keys/attestation-root.pem");

/// The clock of the cases: 2027-01-15T08:00:00Z.
const NOW: f64 = 1_800_000_000.0;

#[wasm_bindgen_test]
fn every_kek_document_gets_its_verdict() {
    let mut wrong = Vec::new();
    for case in KEK.dirs() {
        let document = bytes(case, "input").unwrap();
        let now = bytes(case, "now.txt").is_none().then_some(NOW);
        let verdict = match bytes(case, "beside") {
            Some(beside) => with_second_document(case, document, beside),
            None => {
                let kid = text(case, "kid.txt");
                let practice = text(case, "practice.txt");
                seen_by_page(&examine_kek(document.to_vec(), kid, now, practice).verdict())
            }
        };
        compare(case, verdict, &mut wrong);
    }
    conclude("kek", KEK.dirs().count(), &wrong);
}

#[wasm_bindgen_test]
fn every_blob_gets_its_verdict() {
    let mut wrong = Vec::new();
    for case in BLOB.dirs() {
        let file = bytes(case, "input").unwrap();
        let practice = text(case, "practice.txt");
        let inspection = match bytes(case, "kek") {
            Some(kek) => examine_kek(kek.to_vec(), None, Some(NOW), practice).inspect_blob(file),
            None => inspect_blob(file, practice).unwrap(),
        };
        compare(case, seen_by_page(&inspection), &mut wrong);
    }
    conclude("blob", BLOB.dirs().count(), &wrong);
}

/// The page knows the maker's own roots alone; core, compiled to the same WebAssembly, takes the synthetic one.
#[wasm_bindgen_test]
fn every_attestation_gets_its_verdict() {
    let roots = TrustedRoots::from_pem(&[ROOT]);
    let mut wrong = Vec::new();
    for case in ATTESTATION.dirs() {
        let document = bytes(case, "input").unwrap();
        let kek = Kek::admit(&KekSource {
            document: bytes(case, "kek").unwrap_or(document),
            beside: None,
            kid: None,
            now: Some(NOW as i64),
            admission: &Admission::default(),
        })
        .ok();
        let path = kek.as_ref().and_then(|kek| kek.kid().path());
        let verdict = verify_attestation(&AttestationSource {
            document,
            kek: kek
                .as_ref()
                .map(|kek| AttestedKek::of(kek, path.as_deref())),
            pin: text(case, "pin.txt").map(|pin| pin.parse().unwrap()),
            roots: &roots,
            now: text(case, "now.txt").map_or(NOW as i64, |now| now.parse().unwrap()),
        });
        let verdict = serde_json::to_value(&verdict).unwrap();
        let brief = json!({
            "hardware": verdict["hardware"]["verdict"],
            "key": verdict["key"]["verdict"],
            "pool": verdict["pool"]["verdict"],
            "fingerprint_sha256": verdict["pool"]["fingerprint_sha256"],
            "findings": verdict["findings"],
        });
        compare(case, brief, &mut wrong);
    }
    conclude("attestation", ATTESTATION.dirs().count(), &wrong);
}

#[wasm_bindgen_test]
fn the_page_refuses_the_synthetic_maker() {
    let case = ATTESTATION.get_dir("firmware-2-of-2048").unwrap();
    let document = bytes(case, "input").unwrap();
    let kek = examine_kek(document.to_vec(), None, Some(NOW), None);
    let verdict: Value = serde_json::from_str(&verdict_json(
        document,
        &kek.modulus().unwrap(),
        &kek.exponent_bytes().unwrap(),
        kek.signed_path(),
        NOW,
    ))
    .unwrap();
    assert_eq!(verdict["hardware"]["verdict"], "refused");
    assert_eq!(verdict["key"]["verdict"], "not-checked");
    assert_eq!(verdict["pool"]["fingerprint_sha256"], Value::Null);
    assert_eq!(verdict["findings"][0]["code"], "chain-root-unknown");
}

/// The page takes one document; core, compiled to the same WebAssembly, takes a second beside it.
fn with_second_document(case: &Dir<'_>, document: &[u8], beside: &[u8]) -> Value {
    let practice =
        text(case, "practice.txt").map(|authority| PracticeAuthority::parse(&authority).unwrap());
    let kid = text(case, "kid.txt");
    let source = KekSource {
        document,
        beside: Some(beside),
        kid: kid.as_deref(),
        now: Some(NOW as i64),
        admission: &Admission {
            practice,
            ..Admission::default()
        },
    };
    serde_json::to_value(Kek::examine(&source).verdict).unwrap()
}

/// What JavaScript would write of the object: an absent member is missing here, a null one is not.
fn seen_by_page(object: &JsValue) -> Value {
    let json = js_sys::JSON::stringify(object).unwrap();
    serde_json::from_str(&String::from(json)).unwrap()
}

/// Compares with the findings as `severity code`, sorted: the words may change, the rules not.
fn compare(case: &Dir<'_>, mut verdict: Value, wrong: &mut Vec<String>) {
    let mut rules: Vec<String> = verdict["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            format!(
                "{} {}",
                finding["severity"].as_str().unwrap(),
                finding["code"].as_str().unwrap()
            )
        })
        .collect();
    rules.sort();
    verdict["findings"] = json!(rules);
    let expected: Value = serde_json::from_slice(bytes(case, "expected.json").unwrap()).unwrap();
    if verdict != expected {
        wrong.push(format!(
            "{}:\n  expected {expected}\n  got      {verdict}",
            case.path().display()
        ));
    }
}

fn conclude(kind: &str, count: usize, wrong: &[String]) {
    console_log!("{kind} cases: {count}");
    assert!(count > 0, "case files are missing");
    assert!(
        wrong.is_empty(),
        "{} of {count} {kind} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn bytes<'a>(case: &'a Dir<'_>, name: &str) -> Option<&'a [u8]> {
    case.get_file(case.path().join(name)).map(File::contents)
}

fn text(case: &Dir<'_>, name: &str) -> Option<String> {
    bytes(case, name).map(|bytes| str::from_utf8(bytes).unwrap().to_owned())
}
