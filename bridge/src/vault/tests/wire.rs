//! The practice vault as HTTP sees it, without the SDK between.

use super::Bench;
use crate::vault::practice::{Cause, PracticeOptions, PracticeVault};
use crate::vault::transport;
use keyferry_core::{KeyOperation, TargetKind};
use reqwest::{Method, Response};
use serde_json::{Value, json};

pub(super) struct Wire {
    pub(super) vault: PracticeVault,
    pub(super) http: reqwest::Client,
}

impl Wire {
    pub(super) async fn new() -> Self {
        Self::of(PracticeOptions::default()).await
    }

    pub(super) async fn of(options: PracticeOptions) -> Self {
        let vault = PracticeVault::start_with(options).await.unwrap();
        let http = transport::trusting(vault.ca_der()).unwrap();
        Self { vault, http }
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &str) -> Response {
        let url = format!("{}{path}", self.vault.base_url());
        let request = self
            .http
            .request(method, url)
            .header("authorization", "Bearer any");
        request.body(body.to_owned()).send().await.unwrap()
    }

    /// Sends what has to be refused: status, `error.code` and our cause.
    async fn refusal(&self, method: Method, path: &str, body: &str) -> (u16, String, String) {
        let response = self.send(method, path, body).await;
        assert!(response.headers().contains_key("x-keyferry-practice"));
        let status = response.status().as_u16();
        let body = json_of(response).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        assert!(!text(&body["error"]["message"]).is_empty());
        let cause = text(&body["error"]["innererror"]["code"]);
        (status, text(&body["error"]["code"]), cause)
    }
}

pub(super) async fn json_of(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn asks_for_a_token_before_it_reads_anything() {
    let wire = Wire::new().await;
    let url = format!("{}/keys/k?api-version=7.4", wire.vault.base_url());
    for token in [None, Some(""), Some("Bearer "), Some("Basic any")] {
        let mut request = wire.http.put(&url);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        let challenge = response.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned();
        // Its own address: a real credential gets no token for that.
        assert!(
            challenge.starts_with("Bearer authorization=\"https://127.0.0.1:"),
            "{challenge}"
        );
        assert!(
            challenge.ends_with(&format!("resource=\"{}\"", wire.vault.base_url())),
            "{challenge}"
        );
        assert!(response.headers().contains_key("x-keyferry-practice"));
    }
}

#[tokio::test]
async fn refuses_what_is_not_one_of_its_calls() {
    let wire = Wire::new().await;
    let long = format!("/keys/{}?api-version=7.4", "k".repeat(128));
    let cases = [
        (
            Method::GET,
            "/keys/k",
            400,
            "BadParameter",
            Cause::ApiVersion,
        ),
        (
            Method::GET,
            "/keys/k?api-version=7.3",
            400,
            "BadParameter",
            Cause::ApiVersion,
        ),
        (
            Method::GET,
            "/keys/k?api-version=7.4",
            404,
            "KeyNotFound",
            Cause::KeyNotFound,
        ),
        (
            Method::GET,
            "/keys/k/?api-version=7.4",
            404,
            "KeyNotFound",
            Cause::KeyNotFound,
        ),
        (
            Method::GET,
            "/keys/k/0?api-version=7.4",
            404,
            "KeyNotFound",
            Cause::KeyNotFound,
        ),
        (
            Method::GET,
            "/keys/k_k?api-version=7.4",
            400,
            "BadParameter",
            Cause::KeyName,
        ),
        (Method::GET, &long, 400, "BadParameter", Cause::KeyName),
        (
            Method::GET,
            "/secrets/k?api-version=7.4",
            404,
            "NotFound",
            Cause::PathNotFound,
        ),
        (
            Method::DELETE,
            "/keys/k/v1?api-version=7.4",
            405,
            "MethodNotAllowed",
            Cause::Method,
        ),
        (
            Method::POST,
            "/keys/k/create?api-version=7.4",
            400,
            "BadParameter",
            Cause::Body,
        ),
    ];
    for (method, path, status, code, cause) in cases {
        assert_eq!(
            wire.refusal(method, path, "").await,
            (status, code.to_owned(), cause.code().to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn refuses_keys_to_make_that_are_no_kek_of_azures() {
    let wire = Wire::new().await;
    let cases = [
        (json!({"kty": "RSA"}), Cause::KeyType),
        (json!({"kty": "EC-HSM", "crv": "P-256"}), Cause::KeyType),
        (json!({"kty": "RSA-HSM", "key_size": 1024}), Cause::KeySize),
        (json!({"kty": "RSA-HSM", "key_size": 2049}), Cause::KeySize),
        (
            json!({"kty": "RSA-HSM", "key_ops": ["Import"]}),
            Cause::KeyOps,
        ),
        (
            json!({"kty": "RSA-HSM", "attributes": {"exportable": true}}),
            Cause::Body,
        ),
        (json!({"key_size": 2048}), Cause::Body),
    ];
    for (body, cause) in cases {
        let refusal = wire
            .refusal(
                Method::POST,
                "/keys/k/create?api-version=7.4",
                &body.to_string(),
            )
            .await;
        assert_eq!(
            refusal,
            (400, "BadParameter".to_owned(), cause.code().to_owned()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn refuses_imports_without_a_blob_or_into_no_hsm() {
    let wire = Wire::new().await;
    let cases = [
        (json!({"key": {"kty": "RSA-HSM"}}), Cause::NoBlob),
        (
            json!({"key": {"kty": "RSA-HSM", "n": "AQAB", "e": "AQAB", "d": "AQAB"}}),
            Cause::NoBlob,
        ),
        (
            json!({"key": {"kty": "RSA-HSM", "key_hsm": "e30="}}),
            Cause::NoBlob,
        ),
        (
            json!({"key": {"kty": "RSA-HSM", "key_hsm": "+/+/"}}),
            Cause::NoBlob,
        ),
        (
            json!({"key": {"kty": "RSA-HSM", "key_hsm": "e30"}}),
            Cause::Blob,
        ),
        (
            json!({"key": {"kty": "RSA", "key_hsm": "e30"}}),
            Cause::KeyType,
        ),
        (json!({"kty": "RSA-HSM"}), Cause::Body),
    ];
    for (body, cause) in cases {
        let refusal = wire
            .refusal(Method::PUT, "/keys/k?api-version=7.4", &body.to_string())
            .await;
        assert_eq!(
            refusal,
            (400, "BadParameter".to_owned(), cause.code().to_owned()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn refuses_a_body_that_no_import_needs() {
    let wire = Wire::new().await;
    let body = json!({"key": {"kty": "RSA-HSM", "key_hsm": "A".repeat(200_000)}}).to_string();
    let refusal = wire
        .refusal(Method::PUT, "/keys/k?api-version=7.4", &body)
        .await;
    assert_eq!(
        refusal,
        (
            413,
            "RequestEntityTooLarge".to_owned(),
            Cause::BodySize.code().to_owned()
        )
    );
}

#[tokio::test]
async fn refuses_the_operation_import_of_a_target_key() {
    let bench = Bench::new().await;
    let http = transport::trusting(bench.vault.ca_der()).unwrap();
    let file = bench.blob(&bench.openssl.target(TargetKind::P256));
    let mut body = keyferry_core::import_body(
        TargetKind::P256,
        &[KeyOperation::Sign],
        &file,
        Default::default(),
    );
    body["key"]["key_ops"] = json!(["sign", "import"]);
    let url = format!("{}/keys/k?api-version=7.4", bench.vault.base_url());
    let request = http
        .put(url)
        .header("authorization", "Bearer any")
        .body(body.to_string());
    let answer = json_of(request.send().await.unwrap()).await;
    assert_eq!(answer["error"]["innererror"]["code"], "key-ops");
}
