//! The practice vault as a Managed HSM.

use super::Bench;
use super::wire::{Wire, json_of};
use crate::vault::practice::{Flavour, PracticeOptions};
use keyferry_core::{KekBits, TargetKind};
use reqwest::Method;

fn managed_hsm() -> PracticeOptions {
    PracticeOptions {
        flavour: Flavour::ManagedHsm,
        ..PracticeOptions::default()
    }
}

#[tokio::test]
async fn takes_aes_keys_without_a_finding() {
    let bench = Bench::of(managed_hsm(), KekBits::B2048).await;
    for kind in TargetKind::ALL {
        let file = bench.blob(&bench.openssl.target(kind));
        bench.import(kind, &file).await.unwrap();
        assert_eq!(bench.vault.opened().pop().unwrap().quirks, [], "{kind}");
    }
}

#[tokio::test]
async fn its_errors_name_an_activity_and_have_no_inner_error() {
    let wire = Wire::of(managed_hsm()).await;
    let response = wire
        .send(Method::GET, "/keys/none?api-version=7.4", "")
        .await;
    assert_eq!(response.status(), 404);
    assert_eq!(
        response.headers()["x-keyferry-practice-cause"],
        "key-not-found"
    );
    let answer = json_of(response).await;
    let message = answer["error"]["message"].as_str().unwrap();
    let (_, activity) = message.split_once(" (Activity ID: ").unwrap();
    assert_eq!(
        activity.len(),
        "00000000-0000-0000-0000-000000000000)".len()
    );
    assert!(answer["error"].get("innererror").is_none());
}

#[tokio::test]
async fn its_challenge_names_a_resource_of_its_own_that_no_tenant_knows() {
    let wire = Wire::of(managed_hsm()).await;
    let base = wire.vault.base_url();
    let response = wire
        .http
        .put(format!("{base}/keys/k?api-version=7.4"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.ends_with(&format!("resource=\"{base}/managedhsm\"")),
        "{challenge}"
    );
}
