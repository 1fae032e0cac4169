//! What imported keys do in the practice vault, held against openssl with the same key.

use super::Bench;
use base64ct::{Base64UrlUnpadded, Encoding};
use keyferry_core::TargetKind;
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384, Sha512};

fn digest(hash: &str) -> Vec<u8> {
    match hash {
        "sha256" => Sha256::digest(MESSAGE).to_vec(),
        "sha384" => Sha384::digest(MESSAGE).to_vec(),
        _ => Sha512::digest(MESSAGE).to_vec(),
    }
}

const MESSAGE: &[u8] = b"a message";

fn text(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn bytes(value: &Value) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(value.as_str().unwrap()).unwrap()
}

async fn imported(bench: &Bench, kind: TargetKind) -> Vec<u8> {
    let plaintext = bench.openssl.target(kind);
    bench.import(kind, &bench.blob(&plaintext)).await.unwrap();
    plaintext
}

async fn deed(bench: &Bench, deed: &str, body: Value) -> (u16, Value) {
    bench
        .call("POST", &format!("/keys/imported//{deed}"), body)
        .await
}

/// Signs in the vault; the vault and openssl both find the signature good, and a changed one bad.
async fn signs(kind: TargetKind, alg: &str, hash: &str, options: &[&str]) {
    let bench = Bench::new().await;
    let key = imported(&bench, kind).await;
    let digest = digest(hash);
    let (status, answer) = deed(&bench, "sign", json!({"alg": alg, "value": text(&digest)})).await;
    assert_eq!(status, 200, "{answer}");
    let signature = bytes(&answer["value"]);
    for (signature, good) in [(signature.clone(), true), (changed(&signature), false)] {
        let body = json!({"alg": alg, "digest": text(&digest), "value": text(&signature)});
        let (_, answer) = deed(&bench, "verify", body).await;
        assert_eq!(answer["value"], good, "{alg}");
        let signature = if kind.is_ec() {
            der_of(&signature)
        } else {
            signature
        };
        assert_eq!(
            verified(&bench, &key, &digest, &signature, options),
            good,
            "{alg}"
        );
    }
}

fn changed(signature: &[u8]) -> Vec<u8> {
    let mut changed = signature.to_vec();
    changed[20] ^= 1;
    changed
}

fn verified(bench: &Bench, key: &[u8], digest: &[u8], signature: &[u8], options: &[&str]) -> bool {
    let public = bench.openssl.public_key(key);
    bench.openssl.put("public", &public);
    bench.openssl.put("signature", signature);
    let fixed = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-keyform",
        "DER",
        "-inkey",
        "public",
        "-sigfile",
        "signature",
    ];
    let options = options.iter().flat_map(|option| ["-pkeyopt", option]);
    let arguments: Vec<&str> = fixed.into_iter().chain(options).collect();
    bench.openssl.succeeds(&arguments, digest)
}

/// r and s as a DER SEQUENCE of two INTEGERs, RFC 3279 §2.2.3.
fn der_of(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let integer = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let mut number = number[zeros..].to_vec();
        if number.first().is_none_or(|byte| byte & 0x80 != 0) {
            number.insert(0, 0);
        }
        [vec![2, u8::try_from(number.len()).unwrap()], number].concat()
    };
    let both = [integer(r), integer(s)].concat();
    let length = u8::try_from(both.len()).unwrap();
    let head = if length < 128 {
        vec![0x30, length]
    } else {
        vec![0x30, 0x81, length]
    };
    [head, both].concat()
}

#[tokio::test]
async fn rsa_signs_by_pkcs1_v1_5_and_by_pss() {
    let kind = TargetKind::Rsa2048;
    signs(kind, "RS256", "sha256", &["digest:sha256"]).await;
    signs(kind, "RS384", "sha384", &["digest:sha384"]).await;
    signs(kind, "RS512", "sha512", &["digest:sha512"]).await;
    let pss = "rsa_padding_mode:pss";
    signs(
        kind,
        "PS256",
        "sha256",
        &["digest:sha256", pss, "rsa_pss_saltlen:32"],
    )
    .await;
    signs(
        kind,
        "PS384",
        "sha384",
        &["digest:sha384", pss, "rsa_pss_saltlen:48"],
    )
    .await;
    signs(
        kind,
        "PS512",
        "sha512",
        &["digest:sha512", pss, "rsa_pss_saltlen:64"],
    )
    .await;
}

#[tokio::test]
async fn every_curve_signs_with_its_own_algorithm() {
    signs(TargetKind::P256, "ES256", "sha256", &[]).await;
    signs(TargetKind::P384, "ES384", "sha384", &[]).await;
    signs(TargetKind::P521, "ES512", "sha512", &[]).await;
    signs(TargetKind::P256K, "ES256K", "sha256", &[]).await;
}

#[tokio::test]
async fn rsa_encrypts_what_openssl_decrypts_and_decrypts_it_itself() {
    let bench = Bench::new().await;
    let key = imported(&bench, TargetKind::Rsa2048).await;
    bench.openssl.put("private", &key);
    for (alg, options) in [
        (
            "RSA-OAEP",
            &["rsa_padding_mode:oaep", "rsa_oaep_md:sha1"][..],
        ),
        (
            "RSA-OAEP-256",
            &["rsa_padding_mode:oaep", "rsa_oaep_md:sha256"],
        ),
        ("RSA1_5", &["rsa_padding_mode:pkcs1"]),
    ] {
        for (encrypt, decrypt) in [("encrypt", "decrypt"), ("wrapkey", "unwrapkey")] {
            let (_, answer) =
                deed(&bench, encrypt, json!({"alg": alg, "value": text(MESSAGE)})).await;
            let encrypted = bytes(&answer["value"]);
            let fixed = [
                "pkeyutl", "-decrypt", "-keyform", "DER", "-inkey", "private",
            ];
            let options = options.iter().flat_map(|option| ["-pkeyopt", option]);
            let arguments: Vec<&str> = fixed.into_iter().chain(options).collect();
            assert_eq!(bench.openssl.run(&arguments, &encrypted), MESSAGE, "{alg}");
            let body = json!({"alg": alg, "value": text(&encrypted)});
            let (_, answer) = deed(&bench, decrypt, body).await;
            assert_eq!(bytes(&answer["value"]), MESSAGE, "{alg}");
        }
    }
}

#[tokio::test]
async fn aes_encrypts_by_cbc_and_wraps_keys_as_openssl_does() {
    for (kind, bits) in [
        (TargetKind::Aes128, 128),
        (TargetKind::Aes192, 192),
        (TargetKind::Aes256, 256),
    ] {
        let bench = Bench::new().await;
        let key = keyferry_core::to_hex(&imported(&bench, kind).await);
        let cipher = format!("-aes-{bits}-cbc");
        for (name, value, padding) in [
            ("CBC", &[7; 32][..], &["-nopad"][..]),
            ("CBCPAD", MESSAGE, &[]),
        ] {
            let alg = format!("A{bits}{name}");
            let body = json!({"alg": alg, "value": text(value), "iv": text(&[9; 16])});
            let (_, answer) = deed(&bench, "encrypt", body).await;
            let encrypted = bytes(&answer["value"]);
            let iv = keyferry_core::to_hex(&[9; 16]);
            let fixed = ["enc", "-d", &cipher, "-K", &key, "-iv", &iv];
            let arguments: Vec<&str> = fixed.into_iter().chain(padding.iter().copied()).collect();
            assert_eq!(bench.openssl.run(&arguments, &encrypted), value, "{alg}");
            let body = json!({"alg": alg, "value": text(&encrypted), "iv": answer["iv"]});
            let (_, answer) = deed(&bench, "decrypt", body).await;
            assert_eq!(bytes(&answer["value"]), value, "{alg}");
        }
        let alg = format!("A{bits}KW");
        let (_, answer) = deed(
            &bench,
            "wrapkey",
            json!({"alg": alg, "value": text(&[5; 32])}),
        )
        .await;
        let wrapped = bytes(&answer["value"]);
        let cipher = format!("-id-aes{bits}-wrap");
        let arguments = ["enc", "-d", &cipher, "-K", &key, "-iv", "A6A6A6A6A6A6A6A6"];
        assert_eq!(bench.openssl.run(&arguments, &wrapped), [5; 32], "{alg}");
        let (_, answer) = deed(
            &bench,
            "unwrapkey",
            json!({"alg": alg, "value": text(&wrapped)}),
        )
        .await;
        assert_eq!(bytes(&answer["value"]), [5; 32], "{alg}");
    }
}

#[tokio::test]
async fn refuses_other_algorithms_lengths_and_values() {
    let bench = Bench::new().await;
    imported(&bench, TargetKind::P256).await;
    for (body, cause) in [
        (
            json!({"alg": "ES384", "value": text(&[0; 48])}),
            "algorithm",
        ),
        (
            json!({"alg": "RS256", "value": text(&[0; 32])}),
            "algorithm",
        ),
        (json!({"alg": "ES256", "value": text(&[0; 31])}), "value"),
        (json!({"alg": "ES256", "value": "+/+/"}), "value"),
        (json!({"alg": "ES256"}), "value"),
    ] {
        let (status, answer) = deed(&bench, "sign", body.clone()).await;
        assert_eq!(
            (status, &answer["error"]["innererror"]["code"]),
            (400, &json!(cause)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_key_does_only_what_its_operations_its_time_and_being_enabled_allow() {
    let bench = Bench::new().await;
    imported(&bench, TargetKind::P256).await;
    let sign = json!({"alg": "ES256", "value": text(&[1; 32])});
    let refusal = async || {
        let (status, answer) = deed(&bench, "sign", sign.clone()).await;
        (
            status,
            answer["error"]["innererror"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let update = async |body| bench.call("PATCH", "/keys/imported/", body).await;

    assert_eq!(refusal().await, (200, String::new()));
    update(json!({"attributes": {"enabled": false}})).await;
    assert_eq!(refusal().await, (403, "KeyDisabled".to_owned()));
    update(json!({"attributes": {"enabled": true, "exp": 1_700_000_000}})).await;
    assert_eq!(refusal().await, (403, "KeyNotYetValidOrExpired".to_owned()));
    let (status, answer) = update(json!({"attributes": {"exp": 4_000_000_000_i64}, "key_ops": ["verify"], "tags": {"a": "b"}})).await;
    assert_eq!(
        (status, &answer["key"]["key_ops"], &answer["tags"]["a"]),
        (200, &json!(["verify"]), &json!("b"))
    );
    assert_eq!(refusal().await, (403, "KeyOperationForbidden".to_owned()));
    // Neither becomes an imported key a KEK, nor an EC key one that wraps.
    for operation in ["import", "wrapKey"] {
        let (status, _) = update(json!({"key_ops": [operation]})).await;
        assert_eq!(status, 400, "{operation}");
    }
    let (_, kept) = bench.call("GET", "/keys/imported", Value::Null).await;
    assert_eq!(
        (&kept["key"]["key_ops"], &kept["tags"]["a"]),
        (&json!(["verify"]), &json!("b"))
    );
}
