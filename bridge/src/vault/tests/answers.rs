//! What the practice vault answers, and to whom.

use super::wire::json_of;
use super::{Bench, name};
use crate::vault::practice::{Cause, PracticeVault};
use crate::vault::transport;
use keyferry_core::{KeyOperation, PracticeKeyId, TargetKind};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn the_answer_to_an_import_is_key_vaults_public_jwk() {
    let bench = Bench::new().await;
    let http = transport::trusting(bench.vault.ca_der()).unwrap();
    let mut plaintext = bench.openssl.target(TargetKind::P256);
    plaintext.extend([0; 6]);
    let body = keyferry_core::import_body(
        TargetKind::P256,
        &[KeyOperation::Sign, KeyOperation::Verify],
        &bench.blob(&plaintext),
        Default::default(),
    );
    let url = format!("{}/keys/signer?api-version=7.4", bench.vault.base_url());
    let request = http
        .put(url)
        .header("authorization", "Bearer any")
        .body(body.to_string());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["x-keyferry-practice-findings"],
        "trailing-zeros=6"
    );
    let answer = json_of(response).await;
    let members: Vec<&String> = answer["key"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["crv", "key_ops", "kid", "kty", "x", "y"]);
    assert_eq!(answer["key"]["kty"], "EC-HSM");
    assert_eq!(answer["key"]["key_ops"], json!(["sign", "verify"]));
    assert_eq!(answer["attributes"]["enabled"], true);
}

#[tokio::test]
async fn a_disabled_kek_opens_nothing() {
    let mut bench = Bench::new().await;
    let http = transport::trusting(bench.vault.ca_der()).unwrap();
    let url = format!(
        "{}/keys/asleep/create?api-version=7.4",
        bench.vault.base_url()
    );
    let body = json!({"kty": "RSA-HSM", "key_ops": ["import"], "attributes": {"enabled": false}});
    let request = http
        .post(url)
        .header("authorization", "Bearer any")
        .body(body.to_string());
    let answer = json_of(request.send().await.unwrap()).await;
    assert_eq!(answer["attributes"]["enabled"], false);
    bench.kek = bench.client.show(&name("asleep"), None).await.unwrap();
    let file = bench.blob(&bench.openssl.target(TargetKind::P256));
    assert_eq!(
        bench.refusal(TargetKind::P256, &file).await,
        Cause::NotAKek.code()
    );
}

#[tokio::test]
async fn nobody_trusts_it_who_was_not_given_this_runs_ca() {
    let vault = PracticeVault::start().await.unwrap();
    let other = PracticeVault::start().await.unwrap();
    let stranger = transport::trusting(other.ca_der()).unwrap();
    let error = stranger.get(vault.base_url()).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}

#[tokio::test]
async fn a_dropped_vault_answers_no_more() {
    let vault = PracticeVault::start().await.unwrap();
    let http = transport::trusting(vault.ca_der()).unwrap();
    let url = vault.base_url();
    assert_eq!(http.get(&url).send().await.unwrap().status(), 401);
    drop(vault);
    // The port may be another vault's by now, but nobody else has this run's certificate.
    let silent = async { while http.get(&url).send().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(5), silent)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_client_of_a_dropped_vault_says_that_nobody_listens_there() {
    let Bench { vault, client, .. } = Bench::new().await;
    drop(vault);
    let unreachable = async {
        while client.show(&name("KEKforBYOK"), None).await.is_ok() {}
        client.show(&name("KEKforBYOK"), None).await.unwrap_err()
    };
    let error = tokio::time::timeout(Duration::from_secs(5), unreachable)
        .await
        .unwrap();
    assert_eq!(error.code(), "vault-connection-refused", "{error}");
}

#[tokio::test]
async fn a_kid_that_the_vault_does_not_hold_has_no_document() {
    let vault = PracticeVault::start().await.unwrap();
    let kid = format!("{}/keys/nobody", vault.base_url());
    let kid = PracticeKeyId::parse(&kid, vault.authority()).unwrap();
    let error = vault.az_key_show_json(&kid).unwrap_err();
    assert_eq!(error.code(), "key-not-found");
    assert!(!error.advice().is_empty());
}
