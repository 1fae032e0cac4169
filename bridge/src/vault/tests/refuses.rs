//! What the practice vault refuses of a blob and its import, each by its own cause.

use super::blob::{self, KeyWrap, Recipe};
use super::{Bench, name};
use crate::vault::KekWishes;
use crate::vault::practice::Cause;
use azure_security_keyvault_keys::models::KeyOperation as SdkOperation;
use base64ct::{Base64, Encoding};
use keyferry_core::{KekBits, KeyOperation, TargetKind, import_body};
use serde_json::json;

#[tokio::test]
async fn refuses_oaep_with_sha256() {
    let bench = Bench::new().await;
    let recipe = Recipe {
        oaep_hash: "sha256",
        ..Recipe::default()
    };
    let file = bench.blob_by(&recipe, &bench.openssl.target(TargetKind::P256));
    assert_eq!(
        bench.refusal(TargetKind::P256, &file).await,
        Cause::OaepHash.code()
    );
}

#[tokio::test]
async fn refuses_a_key_wrap_with_pkcs7_padding() {
    let bench = Bench::new().await;
    let recipe = Recipe {
        key_wrap: KeyWrap::Pkcs7,
        ..Recipe::default()
    };
    for kind in [TargetKind::P256, TargetKind::P384, TargetKind::Rsa3072] {
        let file = bench.blob_by(&recipe, &bench.openssl.target(kind));
        // Where both paddings come to one length, only opening tells them apart.
        assert_eq!(
            bench.refusal(kind, &file).await,
            Cause::Padding.code(),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn refuses_a_key_wrap_without_padding() {
    let bench = Bench::new().await;
    let recipe = Recipe {
        key_wrap: KeyWrap::Plain,
        ..Recipe::default()
    };
    for kind in [TargetKind::Aes128, TargetKind::Aes192, TargetKind::Aes256] {
        let file = bench.blob_by(&recipe, &bench.openssl.target(kind));
        assert_eq!(
            bench.refusal(kind, &file).await,
            Cause::Unwrap.code(),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn refuses_an_ephemeral_key_of_less_than_256_bits() {
    let bench = Bench::new().await;
    for wrapping_key in [16, 24] {
        let recipe = Recipe {
            wrapping_key,
            ..Recipe::default()
        };
        let file = bench.blob_by(&recipe, &bench.openssl.target(TargetKind::P256));
        assert_eq!(
            bench.refusal(TargetKind::P256, &file).await,
            Cause::WrappingKey.code()
        );
    }
}

#[tokio::test]
async fn refuses_a_kid_of_another_vault() {
    let bench = Bench::new().await;
    let other = Bench::new().await;
    let ciphertext = Recipe::default().wrap(
        &bench.openssl,
        bench.kek.spki.as_ref().unwrap(),
        &bench.openssl.target(TargetKind::P256),
    );
    let unknown = format!(
        "{}/keys/KEKforBYOK/{}",
        bench.vault.base_url(),
        "0".repeat(32)
    );
    let azure = format!(
        "https://contosobyok.vault.azure.net/keys/KEKforBYOK/{}",
        "0".repeat(32)
    );
    for kid in [&other.kek.kid, &unknown, &azure] {
        let file = blob::file(kid, &ciphertext);
        assert_eq!(
            bench.refusal(TargetKind::P256, &file).await,
            Cause::ForeignKek.code(),
            "{kid}"
        );
    }
}

#[tokio::test]
async fn refuses_a_ciphertext_for_another_kek_under_our_kid() {
    let bench = Bench::new().await;
    let other = Bench::new().await;
    let ciphertext = Recipe::default().wrap(
        &other.openssl,
        other.kek.spki.as_ref().unwrap(),
        &bench.openssl.target(TargetKind::P256),
    );
    let file = blob::file(&bench.kek.kid, &ciphertext);
    assert_eq!(
        bench.refusal(TargetKind::P256, &file).await,
        Cause::Oaep.code()
    );
}

#[tokio::test]
async fn refuses_a_blob_that_was_changed_in_either_part() {
    let bench = Bench::new().await;
    let good = Recipe::default().wrap(
        &bench.openssl,
        bench.kek.spki.as_ref().unwrap(),
        &bench.openssl.target(TargetKind::P256),
    );
    for (position, expected) in [
        (100, Cause::Oaep.code()),
        (300, Cause::Unwrap.code()),
        (good.len() - 1, Cause::Unwrap.code()),
    ] {
        let mut changed = good.clone();
        changed[position] ^= 1;
        let file = blob::file(&bench.kek.kid, &changed);
        assert_eq!(
            bench.refusal(TargetKind::P256, &file).await,
            expected,
            "byte {position}"
        );
    }
}

#[tokio::test]
async fn refuses_a_key_type_or_curve_that_is_not_the_blobs() {
    let bench = Bench::new().await;
    let cases = [
        (TargetKind::P256, TargetKind::Rsa2048),
        (TargetKind::P256, TargetKind::P384),
        (TargetKind::P256, TargetKind::P256K),
        (TargetKind::P256, TargetKind::Aes128),
        (TargetKind::Rsa2048, TargetKind::P256),
        (TargetKind::Aes256, TargetKind::Rsa2048),
    ];
    for (held, said) in cases {
        let file = bench.blob(&bench.openssl.target(held));
        assert_eq!(
            bench.refusal(said, &file).await,
            Cause::KindMismatch.code(),
            "{held} as {said}"
        );
    }
    assert!(bench.vault.opened().is_empty(), "nothing refused is kept");
}

#[tokio::test]
async fn refuses_operations_that_the_key_cannot_have() {
    let bench = Bench::new().await;
    let cases = [
        (TargetKind::P256, KeyOperation::WrapKey),
        (TargetKind::P256, KeyOperation::Encrypt),
        (TargetKind::Aes256, KeyOperation::Sign),
    ];
    for (kind, operation) in cases {
        let file = bench.blob(&bench.openssl.target(kind));
        let mut body = import_body(kind, &[], &file, Default::default());
        body["key"]["key_ops"] = json!([operation.name()]);
        let (status, answer) = bench.call("PUT", "/keys/k", body).await;
        assert_eq!(status, 400, "{answer}");
        assert_eq!(
            answer["error"]["innererror"]["code"],
            Cause::KeyOps.code(),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn refuses_standard_base64_in_the_file() {
    let bench = Bench::new().await;
    let plaintext = bench.openssl.target(TargetKind::P256);
    let ciphertext =
        Recipe::default().wrap(&bench.openssl, bench.kek.spki.as_ref().unwrap(), &plaintext);
    let text = Base64::encode_string(&ciphertext);
    assert!(text.contains('+') || text.contains('/'));
    let file = blob::file_with_text(&bench.kek.kid, &text);
    assert_eq!(
        bench.refusal(TargetKind::P256, &file).await,
        Cause::Blob.code()
    );
}

#[tokio::test]
async fn refuses_a_file_that_is_no_blob() {
    let bench = Bench::new().await;
    for file in [&b""[..], b"{}", b"\xff\xfe", b"not json"] {
        assert_eq!(
            bench.refusal(TargetKind::P256, file).await,
            Cause::Blob.code()
        );
    }
}

/// PKCS#1 instead of PKCS#8 shows in the length already, and core says so before anything is opened.
#[tokio::test]
async fn refuses_pkcs1_by_its_length() {
    let bench = Bench::new().await;
    let pkcs8 = bench.openssl.target(TargetKind::Rsa2048);
    let pkcs1 = bench.openssl.run(
        &["rsa", "-inform", "DER", "-traditional", "-outform", "DER"],
        &pkcs8,
    );
    assert!(pkcs1.len() < pkcs8.len());
    assert_eq!(
        bench
            .refusal(TargetKind::Rsa2048, &bench.blob(&pkcs1))
            .await,
        Cause::Blob.code()
    );
}

#[tokio::test]
async fn refuses_a_kek_whose_operations_are_not_import_alone() {
    let mut bench = Bench::new().await;
    let plaintext = bench.openssl.target(TargetKind::P256);
    for operations in [
        vec![SdkOperation::Import, SdkOperation::Encrypt],
        vec![SdkOperation::WrapKey],
        vec![],
    ] {
        bench.kek = bench
            .client
            .create_rsa(
                &name("loose"),
                KekBits::B2048,
                operations,
                &KekWishes::default(),
            )
            .await
            .unwrap();
        assert_eq!(
            bench
                .refusal(TargetKind::P256, &bench.blob(&plaintext))
                .await,
            Cause::NotAKek.code()
        );
    }
}

#[tokio::test]
async fn refuses_an_imported_key_as_kek() {
    let mut bench = Bench::new().await;
    let plaintext = bench.openssl.target(TargetKind::Rsa2048);
    bench.kek = bench
        .import(TargetKind::Rsa2048, &bench.blob(&plaintext))
        .await
        .unwrap();
    assert_eq!(
        bench
            .refusal(TargetKind::Rsa2048, &bench.blob(&plaintext))
            .await,
        Cause::NotAKek.code()
    );
}
