//! Lists, and keys that were deleted, recovered and purged.

use super::{Bench, name};
use crate::vault::KekWishes;
use keyferry_core::{KekBits, TargetKind};
use serde_json::{Value, json};

async fn get(bench: &Bench, path: &str) -> Value {
    let (status, answer) = bench.call("GET", path, Value::Null).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

fn kids(list: &Value) -> Vec<&str> {
    let items = list["value"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["kid"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn lists_names_without_version_and_versions_with_theirs() {
    let bench = Bench::new().await;
    let second = bench
        .client
        .create_kek(&name("KEKforBYOK"), KekBits::B2048, &KekWishes::default())
        .await
        .unwrap();
    let plaintext = bench.openssl.target(TargetKind::P256);
    let file = bench.blob(&plaintext);
    bench.import(TargetKind::P256, &file).await.unwrap();
    let base = bench.vault.base_url();
    let names = get(&bench, "/keys").await;
    assert_eq!(
        kids(&names),
        [
            format!("{base}/keys/imported"),
            format!("{base}/keys/KEKforBYOK")
        ]
    );
    assert_eq!(names["nextLink"], Value::Null);
    let versions = get(&bench, "/keys/kekforbyok/versions").await;
    assert_eq!(kids(&versions), [&bench.kek.kid, &second.kid]);
}

#[tokio::test]
async fn a_deleted_keys_name_is_taken_until_it_is_recovered_or_purged() {
    let bench = Bench::new().await;
    let (status, gone) = bench.call("DELETE", "/keys/KEKforBYOK", Value::Null).await;
    assert_eq!((status, &gone["key"]["kid"]), (200, &json!(bench.kek.kid)));
    assert_eq!(
        gone["recoveryId"],
        format!("{}/deletedkeys/KEKforBYOK", bench.vault.base_url())
    );
    assert!(gone["scheduledPurgeDate"].as_i64() > gone["deletedDate"].as_i64());
    assert_eq!(kids(&get(&bench, "/keys").await), [""; 0]);
    assert_eq!(kids(&get(&bench, "/deletedkeys").await).len(), 1);
    assert_eq!(
        get(&bench, "/deletedkeys/kekforbyok").await["key"]["kid"],
        bench.kek.kid
    );

    let create = json!({"kty": "RSA-HSM", "key_ops": ["import"]});
    for (method, path, status, code) in [
        ("GET", "/keys/KEKforBYOK", 404, "KeyNotFound"),
        ("POST", "/keys/KEKforBYOK/create", 409, "Conflict"),
        ("DELETE", "/keys/KEKforBYOK", 404, "KeyNotFound"),
        ("POST", "/deletedkeys/another/recover", 404, "KeyNotFound"),
    ] {
        let (found, answer) = bench.call(method, path, create.clone()).await;
        assert_eq!(
            (found, &answer["error"]["code"]),
            (status, &json!(code)),
            "{method} {path}"
        );
        if status == 409 {
            assert_eq!(
                answer["error"]["innererror"],
                json!({"code": "ObjectIsDeletedButRecoverable"})
            );
        }
    }
    // A blob for a deleted KEK opens no more.
    let file = bench.blob(&bench.openssl.target(TargetKind::P256));
    assert_eq!(bench.refusal(TargetKind::P256, &file).await, "foreign-kek");

    let (status, back) = bench
        .call("POST", "/deletedkeys/KEKforBYOK/recover", Value::Null)
        .await;
    assert_eq!((status, &back["key"]["kid"]), (200, &json!(bench.kek.kid)));
    bench.import(TargetKind::P256, &file).await.unwrap();

    bench.call("DELETE", "/keys/KEKforBYOK", Value::Null).await;
    let (status, _) = bench
        .call("DELETE", "/deletedkeys/KEKforBYOK", Value::Null)
        .await;
    assert_eq!(status, 204);
    assert_eq!(kids(&get(&bench, "/deletedkeys").await), [""; 0]);
    let again = bench
        .client
        .create_kek(&name("KEKforBYOK"), KekBits::B2048, &KekWishes::default())
        .await
        .unwrap();
    assert_ne!(again.kid, bench.kek.kid);
}
