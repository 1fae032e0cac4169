//! An order, and what becomes of answers to it.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use keyferry_core::{
    Admission, Blob, ErrorBody, ImportCommands, KekVerdict, TargetKind, WrapOrder,
};
use keyferry_wasm::{
    AnswerObject, KekExamination, WrapRequest, examine_kek, new_wrap_request, resume_wrap_request,
};
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const KID: &str = "https://ferry.vault.azure.net/keys/kek/00112233445566778899aabbccddeeff";

/// A KEK of 2048 bits; nobody knows its private half, and here nobody needs it.
fn document(key_ops: &[&str]) -> Vec<u8> {
    let modulus = Base64UrlUnpadded::encode_string(&[0xc5; 256]);
    let key =
        json!({ "kid": KID, "kty": "RSA-HSM", "key_ops": key_ops, "n": modulus, "e": "AQAB" });
    json!({ "key": key, "attributes": { "enabled": true } })
        .to_string()
        .into_bytes()
}

fn examined() -> KekExamination {
    examine_kek(document(&["import"]), None, Some(1_700_000_000.0), None)
}

fn request(examination: &KekExamination) -> WrapRequest {
    new_wrap_request(
        examination,
        Some("payroll".to_owned()),
        Some("0a".to_owned()),
        None,
    )
    .unwrap()
}

fn order(request: &WrapRequest) -> WrapOrder {
    serde_wasm_bindgen::from_value(request.order()).unwrap()
}

/// What a bridge answers to `order` for a P-256 key.
fn answer(order: &WrapOrder) -> Value {
    let ciphertext = Base64UrlUnpadded::encode_string(&[7; 256 + 152]);
    json!({
        "request_id": order.request_id, "kek_thumbprint_sha256": order.kek_thumbprint_sha256, "kid": KID,
        "target": "P-256", "strategy": "oaep+kwp", "self_test": "exact", "proven_lengths": [80],
        "ciphertext": ciphertext,
        "generator": "keyferry 0.1.0; Maker Model firmware 1.2", "software": false, "spki": null,
        "audit": { "seq": 3, "hash": "00" }, "findings": []
    })
}

/// As the page has it after parsing.
fn parsed(text: &str) -> AnswerObject {
    js_sys::JSON::parse(text).unwrap().unchecked_into()
}

fn thrown(error: JsValue) -> ErrorBody {
    serde_wasm_bindgen::from_value(error).unwrap()
}

/// Reads an answer with one member changed, and returns what is thrown.
fn thrown_at(change: (&str, impl Into<Value>)) -> ErrorBody {
    let examination = examined();
    let request = request(&examination);
    let mut answer = answer(&order(&request));
    answer[change.0] = change.1.into();
    match request.read_answer(parsed(&answer.to_string())) {
        Ok(_) => panic!("an answer with another {} was taken", change.0),
        Err(error) => thrown(error),
    }
}

#[wasm_bindgen_test]
fn an_order_carries_the_examined_bytes_and_their_thumbprint() {
    let examination = examined();
    let order = order(&request(&examination));
    assert_eq!(
        Base64::decode_vec(&order.kek).unwrap(),
        document(&["import"])
    );
    assert_eq!(order.kek_thumbprint_sha256.len(), 64);
    assert_eq!(order.key.label.as_deref(), Some("payroll"));
    assert_eq!(order.key.id.as_deref(), Some("0a"));
    assert_eq!(order.kid, None);
}

#[wasm_bindgen_test]
fn two_orders_have_two_request_ids_of_32_hexadecimal_digits() {
    let examination = examined();
    let ids = [
        order(&request(&examination)).request_id,
        order(&request(&examination)).request_id,
    ];
    assert_ne!(ids[0], ids[1]);
    for id in ids {
        assert!(
            id.len() == 32
                && id
                    .bytes()
                    .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')),
            "{id}"
        );
    }
}

#[wasm_bindgen_test]
fn refuses_to_order_a_wrap_to_a_kek_that_was_not_admitted() {
    let examination = examine_kek(
        document(&["import", "wrapKey"]),
        None,
        Some(1_700_000_000.0),
        None,
    );
    match new_wrap_request(&examination, Some("payroll".to_owned()), None, None) {
        Ok(_) => panic!("ordered"),
        Err(error) => assert_eq!(thrown(error).code, "kek-not-admitted"),
    }
}

#[wasm_bindgen_test]
fn the_answer_to_this_order_becomes_a_file_with_the_examined_kid() {
    let examination = examined();
    let request = request(&examination);
    let delivery = request
        .read_answer(parsed(&answer(&order(&request)).to_string()))
        .unwrap();
    let blob = Blob::parse(&delivery.file(), &Admission::default()).unwrap();
    assert_eq!(blob.kid().as_str(), KID);
    assert_eq!(blob.ciphertext().as_bytes(), [7; 256 + 152]);
    assert_eq!(
        blob.generator(),
        Some("keyferry 0.1.0; Maker Model firmware 1.2")
    );
    assert_eq!(
        delivery.file_name("payroll"),
        "KeyTransferPackage-payroll.byok"
    );
}

#[wasm_bindgen_test]
fn the_import_commands_are_those_of_the_key_that_was_wrapped() {
    let examination = examined();
    let request = request(&examination);
    let delivery = request
        .read_answer(parsed(&answer(&order(&request)).to_string()))
        .unwrap();
    let commands: ImportCommands =
        serde_wasm_bindgen::from_value(delivery.import_commands("payroll")).unwrap();
    assert!(
        commands.az.contains("--vault-name ferry --name payroll"),
        "{}",
        commands.az
    );
    assert!(
        commands
            .az
            .contains(&format!("--kty EC --curve {}", TargetKind::P256)),
        "{}",
        commands.az
    );
}

#[wasm_bindgen_test]
fn refuses_the_answer_to_another_request() {
    assert_eq!(
        thrown_at(("request_id", "00112233445566778899aabbccddeeff")).code,
        "answer-mismatch"
    );
}

#[wasm_bindgen_test]
fn refuses_an_answer_for_another_kek() {
    assert_eq!(
        thrown_at(("kek_thumbprint_sha256", "0".repeat(64))).code,
        "answer-mismatch"
    );
}

#[wasm_bindgen_test]
fn refuses_an_answer_for_another_kid() {
    assert_eq!(
        thrown_at(("kid", "https://other.vault.azure.net/keys/kek")).code,
        "answer-mismatch"
    );
}

#[wasm_bindgen_test]
fn refuses_a_ciphertext_of_a_length_that_the_key_cannot_have() {
    assert_eq!(thrown_at(("target", "RSA-3072")).code, "ciphertext-length");
}

#[wasm_bindgen_test]
fn a_length_outside_the_table_passes_only_when_the_self_test_opened_it() {
    let deviating = Base64UrlUnpadded::encode_string(&[7; 256 + 168]);
    for (proven, taken) in [
        (json!([80, 168]), true),
        (json!([80, 160]), false),
        (json!([]), false),
    ] {
        let examination = examined();
        let request = request(&examination);
        let mut answer = answer(&order(&request));
        answer["ciphertext"] = deviating.clone().into();
        answer["proven_lengths"] = proven.clone();
        match request.read_answer(parsed(&answer.to_string())) {
            Ok(_) => assert!(taken, "{proven}"),
            Err(error) => {
                assert!(!taken, "{proven}");
                assert_eq!(thrown(error).code, "ciphertext-length", "{proven}");
            }
        }
    }
}

#[wasm_bindgen_test]
fn refuses_proven_lengths_that_are_no_list_of_lengths() {
    for lengths in [
        json!(null),
        json!("152"),
        json!(152),
        json!({ "0": 152 }),
        json!(["152"]),
        json!([-152]),
        json!([152.5]),
        json!([1e99]),
    ] {
        let error = thrown_at(("proven_lengths", lengths.clone()));
        assert_eq!(error.code, "answer-unreadable", "{lengths}");
    }
}

#[wasm_bindgen_test]
fn refuses_a_ciphertext_that_is_not_base64url() {
    assert_eq!(thrown_at(("ciphertext", "++//")).code, "answer-unreadable");
}

#[wasm_bindgen_test]
fn refuses_what_is_no_answer() {
    let examination = examined();
    for text in ["{}", "[]", "null", "7", "\"\"", r#"{"request_id":7}"#] {
        match request(&examination).read_answer(parsed(text)) {
            Ok(_) => panic!("{text} was taken"),
            Err(error) => assert_eq!(thrown(error).code, "answer-unreadable", "{text}"),
        }
    }
}

#[wasm_bindgen_test]
fn refuses_a_practice_vault_that_is_not_on_this_machine() {
    for practice in [
        "vault.example:443",
        "localhost",
        "127.0.0.1:",
        "localhost:99999",
    ] {
        let practice = Some(practice.to_owned());
        let examination = examine_kek(document(&["import"]), None, None, practice.clone());
        let verdict: KekVerdict = serde_wasm_bindgen::from_value(examination.verdict()).unwrap();
        assert!(!verdict.admitted, "{practice:?} was taken");
        let codes: Vec<&str> = verdict
            .findings
            .iter()
            .map(|finding| finding.code.as_str())
            .collect();
        assert_eq!(codes, ["practice-authority"], "{practice:?}");
        match new_wrap_request(&examination, Some("payroll".to_owned()), None, None) {
            Ok(_) => panic!("{practice:?} was taken"),
            Err(error) => assert_eq!(thrown(error).code, "kek-not-admitted"),
        }
    }
}

#[wasm_bindgen_test]
fn an_answer_is_read_again_after_a_reload_and_only_by_the_request_it_answered() {
    let examination = examined();
    let first = request(&examination);
    let answer = answer(&order(&first)).to_string();
    let file = first.read_answer(parsed(&answer)).unwrap().file();

    let again = resume_wrap_request(&examined(), order(&first).request_id).unwrap();
    assert_eq!(again.read_answer(parsed(&answer)).unwrap().file(), file);

    let other = resume_wrap_request(&examined(), "00".repeat(16)).unwrap();
    let Err(error) = other.read_answer(parsed(&answer)) else {
        panic!("the answer to another request was taken");
    };
    assert_eq!(thrown(error).code, "answer-mismatch");
}
