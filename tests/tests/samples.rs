//! Real documents, where there are some: `KEYFERRY_SAMPLES` names a folder with `kek/` (what `az`,
//! PowerShell and the REST interface write for one KEK) and `vendor/` (files that HSM vendors made).
//! Run with `--ignored`; none of these is part of the project.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use keyferry_tests::tool::{hex, openssl};
use keyferry_tests::{Desk, Terminal, kek::sha256, opener};
use serde_json::Value;

#[test]
#[ignore = "needs KEYFERRY_SAMPLES"]
fn every_form_of_one_kek_is_read_as_that_kek() {
    let folder = samples("kek");
    let public = openssl(
        &[
            "rsa",
            "-pubin",
            "-in",
            text(&folder.join("az_key_download.pem")),
            "-outform",
            "DER",
        ],
        b"",
    );
    let thumbprint = sha256(&public.unwrap());
    let shown: Value =
        serde_json::from_slice(&std::fs::read(folder.join("az_key_show.json")).unwrap()).unwrap();
    let kid = shown["key"]["kid"].as_str().unwrap();
    let named = [
        "az_key_create.json",
        "az_key_show.json",
        "az_key_show.utf16le_bom_crlf.json",
        "az_key_show_query_key.json",
        "rest_get_key.json",
    ];
    let nameless = [
        "az_key_download.pem",
        "az_key_download.der",
        "ps_get_azkeyvaultkey_outfile.pem",
    ];
    for name in named.iter().chain(&nameless) {
        let file = folder.join(name);
        let with_kid = Desk::embedded()
            .json(["kek", text(&file), "--kid", kid])
            .success();
        assert_eq!(with_kid["admitted"], true, "{name}");
        assert_eq!(with_kid["thumbprint_sha256"], thumbprint, "{name}");
        assert_eq!(
            (&with_kid["kid"], &with_kid["bits"]),
            (&kid.into(), &2048.into()),
            "{name}"
        );
        let without = Desk::embedded().json(["kek", text(&file)]);
        assert_eq!(without.object()["admitted"], named.contains(name), "{name}");
        let errors: &[&str] = if named.contains(name) {
            &[]
        } else {
            &["kid-missing"]
        };
        assert_eq!(codes(&without.object()), errors, "{name}");
    }
}

#[test]
#[ignore = "needs KEYFERRY_SAMPLES"]
fn forms_that_are_no_kek_are_refused_by_name() {
    let folder = samples("kek");
    for (name, code) in [
        ("kek/az_key_import.json", "kek-key-ops"),
        ("kek/az_key_show.yaml", "kek-yaml"),
        ("kek/az_key_show.tsv", "kek-tsv"),
        ("kek/az_list_versions.json", "kek-list"),
        (
            "vendor/SecurosysPrimusByokR4k.az-import-output.json",
            "kek-not-json",
        ),
        ("vendor/SecurosysPrimusByokR4k.byok", "kek-is-blob"),
    ] {
        let file = folder.parent().unwrap().join(name);
        let answer = Desk::embedded().json(["kek", text(&file)]);
        assert_eq!(answer.code, Some(1), "{name}: {}", answer.all());
        assert!(
            codes(&answer.object()).contains(&code.to_owned()),
            "{name}: {}",
            answer.stdout
        );
    }
}

#[test]
#[ignore = "needs KEYFERRY_SAMPLES"]
fn a_vendors_file_is_accepted_with_a_warning() {
    let file = samples("vendor").join("SecurosysPrimusByokR4k.byok");
    let answer = Desk::embedded().json(["inspect", text(&file)]).success();
    assert_eq!(
        (&answer["accepted"], &answer["kek_bits"]),
        (&true.into(), &4096.into())
    );
    assert_eq!(answer["targets"], serde_json::json!(["RSA-4096"]));
    let findings = answer["findings"].as_array().unwrap();
    let named = |code: &str| findings.iter().any(|finding| finding["code"] == code);
    assert!(named("ciphertext-padding"), "{answer}");
}

/// Another maker's vector holds the opener itself to the format.
#[test]
#[ignore = "needs KEYFERRY_SAMPLES"]
fn the_opener_opens_another_makers_vector() {
    let path = samples("vendor").join("skr_rsa_aes_key_wrap_vector.txt");
    let vector = std::fs::read_to_string(&path).unwrap();
    let member = |name: &str| {
        let line = vector.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once(" = ").unwrap().1.trim().to_owned()
    };
    let ciphertext = member("ciphertext_base64url_nopad");
    let ciphertext =
        <base64ct::Base64UrlUnpadded as base64ct::Encoding>::decode_vec(&ciphertext).unwrap();
    let (wrapped, target) = ciphertext.split_at(256);
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), &vector[vector.find("-----BEGIN").unwrap()..]).unwrap();
    let aes = opener::oaep_decrypt(wrapped, key.path()).unwrap();
    let plain = opener::kwp_unwrap(target, &aes).unwrap();
    assert_eq!(hex(&plain), member("expected_plaintext_hex"));
}

fn codes(verdict: &Value) -> Vec<String> {
    let findings = verdict["findings"].as_array().unwrap();
    let errors = findings
        .iter()
        .filter(|finding| finding["severity"] == "error");
    errors
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

fn samples(name: &str) -> PathBuf {
    let folder = std::env::var_os("KEYFERRY_SAMPLES").expect("KEYFERRY_SAMPLES names the folder");
    PathBuf::from(folder).join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The real Managed HSM's KEK under the identifier that it signed: the sample's own was changed afterwards, and its
/// key does more than import.
fn attested_kek(file: &Path, folder: &Path) -> PathBuf {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let mut document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let blob = document["attributes"]["attestation"]["privateKeyAttestation"]
        .as_str()
        .unwrap();
    let blob = Base64UrlUnpadded::decode_vec(blob.trim_end_matches('=')).unwrap();
    let text = String::from_utf8_lossy(&blob);
    let start = text.find("/keys/").unwrap();
    let signed: String = text[start..].chars().take_while(|c| *c != '\0').collect();
    let mut key = document["key"].take();
    key["kid"] = format!("https://sample.managedhsm.azure.net{signed}").into();
    key["key_ops"] = serde_json::json!(["import"]);
    let path = folder.join("kek.json");
    let kek = serde_json::json!({"key": key, "attributes": {"enabled": true}});
    std::fs::write(&path, kek.to_string()).unwrap();
    path
}

#[test]
#[ignore = "needs KEYFERRY_SAMPLES"]
fn a_real_managed_hsm_is_verified_pinned_and_wrapped_to() {
    let file = samples("attestation").join("azure-mhsm/uksouth-attestation.json");
    let folder = tempfile::tempdir().unwrap();
    let kek = attested_kek(&file, folder.path());
    let desk = Desk::embedded();
    let attest = |more: &[&str]| {
        let mut arguments = vec!["attest", text(&file), "--kek", text(&kek)];
        arguments.extend(more);
        desk.json(arguments)
    };
    let verdict = attest(&[]).success();
    assert_eq!(verdict["pool"]["verdict"], "not-verified");
    let print = verdict["pool"]["fingerprint_sha256"]
        .as_str()
        .unwrap()
        .to_owned();

    let question = "Did you compare it with the pool's administrators, and is it the same? [y/N] ";
    let mut terminal = Terminal::start(&desk, ["attest", "pin", text(&file), "--kek", text(&kek)]);
    let shown = terminal.expect(question);
    assert!(shown.contains("First use"), "{shown}");
    terminal.type_line("n");
    assert_eq!(terminal.end().1, Some(1));
    assert_eq!(attest(&[]).success()["pool"]["verdict"], "not-verified");
    let mut terminal = Terminal::start(&desk, ["attest", "pin", text(&file), "--kek", text(&kek)]);
    terminal.expect(question);
    terminal.type_line("y");
    assert_eq!(terminal.end().1, Some(0));
    assert_eq!(attest(&[]).success()["pool"]["verdict"], "pinned");
    let other = print.replace('e', "f");
    let refused = attest(&["--pin", &other]);
    assert_eq!(refused.code, Some(1));
    assert_eq!(refused.object()["pool"]["verdict"], "mismatch");

    let _ = desk
        .json(["keygen", "--kind", "P-256", "--label", "payroll-1"])
        .success();
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, "[[rule]]\nname = 'all'\nrequire_pin = true\n").unwrap();
    let out = folder.path().join("key.byok");
    let arguments = ["wrap", "--key", "payroll-1", "--yes", "--software-token"];
    let files = [
        "--kek",
        text(&kek),
        "--attestation",
        text(&file),
        "--out",
        text(&out),
    ];
    let rules = ["--policy", text(&policy)];
    let _ = desk
        .json([&arguments[..], &files, &rules].concat())
        .success();
    let receipt = std::fs::read(folder.path().join("key.receipt.json")).unwrap();
    let receipt: Value = serde_json::from_slice(&receipt).unwrap();
    assert_eq!(
        receipt["attestation"],
        serde_json::json!({"hardware": "genuine", "key": "made-inside", "pool": "pinned"})
    );
}
