//! Each fault, as a client on the wire meets it.

use super::wire::{Wire, json_of};
use super::{Bench, name};
use crate::vault::practice::{Faults, PracticeOptions};
use crate::vault::transport;
use keyferry_core::{KekBits, KeyOperation, TargetKind};
use reqwest::{Method, Response};
use serde_json::{Value, json};

fn with(faults: &str) -> PracticeOptions {
    PracticeOptions {
        faults: faults.parse::<Faults>().unwrap(),
        ..PracticeOptions::default()
    }
}

const CREATE: &str = r#"{"kty": "RSA-HSM", "key_ops": ["import"]}"#;

async fn create(wire: &Wire) -> Response {
    wire.send(Method::POST, "/keys/kek/create?api-version=7.4", CREATE)
        .await
}

#[tokio::test]
async fn the_services_refusals_come_in_its_own_words() {
    for (fault, status, code, inner, words) in [
        (
            "401-loop",
            401,
            "Unauthorized",
            json!("no-token"),
            "AKV10022",
        ),
        (
            "401-expired@create",
            401,
            "Unauthorized",
            json!("no-token"),
            "TokenExpired",
        ),
        (
            "403-rbac",
            403,
            "Forbidden",
            json!("ForbiddenByRbac"),
            "Caller is not authorized",
        ),
        (
            "403-policy",
            403,
            "Forbidden",
            json!("ForbiddenByPolicy"),
            "does not have keys create permission",
        ),
        (
            "403-firewall",
            403,
            "Forbidden",
            json!("ForbiddenByFirewall"),
            "Client address",
        ),
        (
            "403-network",
            403,
            "Forbidden",
            json!("ForbiddenByConnection"),
            "Public network access is disabled",
        ),
        (
            "404@create",
            404,
            "KeyNotFound",
            Value::Null,
            "was not found in this key vault",
        ),
        (
            "409",
            409,
            "Conflict",
            json!("ObjectIsDeletedButRecoverable"),
            "deleted but recoverable",
        ),
        ("429", 429, "Throttled", Value::Null, "too many requests"),
        (
            "429-bare",
            429,
            "Throttled",
            Value::Null,
            "too many requests",
        ),
        ("500", 500, "InternalServerError", Value::Null, ""),
        ("503", 503, "ServiceUnavailable", Value::Null, ""),
        (
            "standard",
            400,
            "BadParameter",
            Value::Null,
            "Hardware key operation not allowed on standard vault",
        ),
    ] {
        let response = create(&Wire::of(with(fault)).await).await;
        assert_eq!(response.status(), status, "{fault}");
        assert!(
            response.headers().contains_key("x-keyferry-practice"),
            "{fault}"
        );
        assert_eq!(
            response.headers().contains_key("retry-after"),
            matches!(fault, "429" | "503"),
            "{fault}"
        );
        assert_eq!(
            response.headers().contains_key("www-authenticate"),
            status == 401,
            "{fault}"
        );
        let error = json_of(response).await["error"].take();
        assert_eq!(
            (&error["code"], &error["innererror"]["code"]),
            (&json!(code), &inner),
            "{fault}"
        );
        assert!(
            error["message"].as_str().unwrap().contains(words),
            "{fault}: {error}"
        );
    }
}

#[tokio::test]
async fn a_fault_that_is_used_up_leaves_a_vault_that_works() {
    let wire = Wire::of(with("429,401-expired@create,500")).await;
    for status in [429, 401, 500, 200, 200] {
        assert_eq!(create(&wire).await.status(), status);
    }
}

#[tokio::test]
async fn half_an_answer_breaks_off_and_a_huge_one_goes_on() {
    let wire = Wire::of(with("half,huge")).await;
    let response = create(&wire).await;
    let promised = response.content_length().unwrap();
    assert!(promised > 500, "{promised}");
    assert!(response.bytes().await.is_err());
    let mut response = create(&wire).await;
    let mut count = 0;
    while let Some(piece) = response.chunk().await.unwrap() {
        count += piece.len();
    }
    assert_eq!(count, 100 * 1024 * 1024);
}

/// Sends one import and says how it went, and how many keys the vault opened.
async fn import(faults: &str) -> (Result<Value, reqwest::Error>, Bench) {
    let bench = Bench::of(with(faults), KekBits::B2048).await;
    let file = bench.blob(&bench.openssl.target(TargetKind::P256));
    let operations = KeyOperation::of(TargetKind::P256);
    let body = keyferry_core::import_body(TargetKind::P256, operations, &file, Default::default());
    let http = transport::trusting(bench.vault.ca_der()).unwrap();
    let url = format!("{}/keys/k?api-version=7.4", bench.vault.base_url());
    let request = http
        .put(url)
        .header("authorization", "Bearer any")
        .body(body.to_string());
    let answer = match request.send().await {
        Ok(response) => Ok(json_of(response).await),
        Err(error) => Err(error),
    };
    (answer, bench)
}

#[tokio::test]
async fn a_vault_that_is_gone_opens_nothing_and_a_lost_answer_has_landed() {
    let (answer, bench) = import("gone").await;
    assert!(answer.is_err());
    assert_eq!(bench.vault.opened().len(), 0);
    let (answer, bench) = import("lost").await;
    assert!(answer.is_err());
    assert_eq!(bench.vault.opened().len(), 1);
    // Who asks, finds it.
    bench.client.show(&name("k"), None).await.unwrap();
}

#[tokio::test]
async fn an_answer_with_another_kid_or_key_differs_in_that_alone() {
    for (fault, members) in [("other-kid", &["kid"][..]), ("other-key", &["x"])] {
        let (answer, bench) = import(fault).await;
        let answer = answer.unwrap();
        let (_, kept) = bench.call("GET", "/keys/k", Value::Null).await;
        for member in ["kid", "x", "y", "crv", "kty", "key_ops"] {
            assert_eq!(
                answer["key"][member] != kept["key"][member],
                members.contains(&member),
                "{fault}: {member}"
            );
        }
    }
}
