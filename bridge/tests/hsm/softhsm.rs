//! SoftHSM 2.6: a second implementation, with another key wrap and secp256k1.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64ct::{Base64, Encoding};
use keyferry::hsm::{
    ExtractableRule, FinalTry, Hsm, HsmError, Module, OpenRequest, TokenChoice, WorkerOptions,
};
use keyferry::pin::Pin;
use keyferry_core::{KeySelector, SelfTest, Strategy, TargetKind};
use tempfile::TempDir;

use crate::token::{kinds, labelled, moves_every_kind, options, outcomes, request};

/// Where Debian keeps it.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// A SoftHSM with tokens of its own.
struct SoftHsm {
    folder: TempDir,
}

impl SoftHsm {
    fn with_tokens(labels: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tokens = folder.path().join("tokens");
        fs::create_dir(&tokens).unwrap();
        let settings = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        fs::write(folder.path().join("softhsm2.conf"), settings).unwrap();
        let softhsm = Self { folder };
        for label in labels {
            softhsm.tool(
                "softhsm2-util",
                &[
                    "--init-token",
                    "--free",
                    "--label",
                    label,
                    "--so-pin",
                    "87654321",
                    "--pin",
                    "1234",
                ],
            );
        }
        softhsm
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("softhsm2.conf")
    }

    fn tool(&self, program: &str, arguments: &[&str]) {
        let ran = Command::new(program)
            .args(arguments)
            .env("SOFTHSM2_CONF", self.configuration())
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }

    /// Imports a key that openssl makes, and returns its SPKI as openssl writes it.
    fn import(&self, id: &str, label: &str, genpkey: &[&str]) -> Vec<u8> {
        let pkcs8 = self.folder.path().join(format!("{id}.pem"));
        let spki = self.folder.path().join(format!("{id}.der"));
        let (pkcs8, out) = (pkcs8.to_str().unwrap(), spki.to_str().unwrap());
        self.tool("openssl", &[&["genpkey", "-out", pkcs8], genpkey].concat());
        self.tool(
            "openssl",
            &[
                "pkey", "-in", pkcs8, "-pubout", "-outform", "DER", "-out", out,
            ],
        );
        let arguments = [
            "--import", pkcs8, "--token", "one", "--label", label, "--id", id, "--pin", "1234",
        ];
        self.tool("softhsm2-util", &arguments);
        fs::read(spki).unwrap()
    }

    fn options(&self) -> WorkerOptions {
        let mut options = options();
        options
            .environment
            .insert("SOFTHSM2_CONF".into(), self.configuration().into());
        options
    }

    async fn start(&self) -> Hsm {
        Hsm::start(self.options()).await.unwrap()
    }

    async fn unlocked(&self) -> Hsm {
        let hsm = self.start().await;
        let token = hsm
            .open(library(Path::new(MODULE), TokenChoice::Only))
            .await
            .unwrap();
        assert!(
            !token.info.software,
            "only the embedded token is known to be software"
        );
        hsm.login(Some(Pin::new(b"1234".to_vec())), FinalTry::Refuse)
            .await
            .unwrap();
        hsm
    }
}

fn library(path: &Path, token: TokenChoice) -> OpenRequest {
    OpenRequest {
        module: Module::Library {
            path: path.to_owned(),
            args: None,
        },
        token,
    }
}

#[tokio::test]
async fn every_kind_moves_by_wrap_pad_with_trailing_zeros() {
    let softhsm = SoftHsm::with_tokens(&["one"]);
    let hsm = softhsm.unlocked().await;
    moves_every_kind(&hsm, &TargetKind::ALL, Strategy::OaepAesWrapPad, |kind| {
        if kind.is_aes() {
            SelfTest::Exact
        } else {
            SelfTest::TrailingZeros
        }
    })
    .await;
}

#[tokio::test]
async fn the_self_test_tells_the_zero_bytes_after_the_der() {
    let softhsm = SoftHsm::with_tokens(&["one"]);
    let hsm = softhsm.unlocked().await;
    let report = hsm.self_test().await.unwrap();
    let proofs = report.proofs;
    assert_eq!(report.extractable, ExtractableRule::Kept);
    assert_eq!(
        outcomes(&proofs),
        [(Strategy::OaepAesWrapPad, SelfTest::TrailingZeros)]
    );
    // 67 bytes of PKCS#8 are never a multiple of eight; 32 bytes of AES key always are. Those of an RSA
    // key are now and then, and that must not pass for exact.
    assert_eq!(
        kinds(&proofs[0]),
        [
            (TargetKind::Rsa2048, SelfTest::TrailingZeros),
            (TargetKind::P256, SelfTest::TrailingZeros),
            (TargetKind::Aes256, SelfTest::Exact)
        ]
    );
    assert_eq!(
        proofs[0].kinds[1].trailing_zeros, 5,
        "67 bytes in blocks of eight"
    );
    assert!(
        hsm.keys().await.unwrap().is_empty(),
        "disposable keys are gone"
    );
}

#[tokio::test]
async fn one_of_two_tokens_is_chosen_by_label_and_never_guessed() {
    let softhsm = SoftHsm::with_tokens(&["one", "two"]);
    let open = async |choice| {
        softhsm
            .start()
            .await
            .open(library(Path::new(MODULE), choice))
            .await
    };
    assert_eq!(
        open(TokenChoice::Only).await.unwrap_err().code(),
        "token-ambiguous"
    );
    assert_eq!(
        open(TokenChoice::Label("two".into()))
            .await
            .unwrap()
            .info
            .label,
        "two"
    );
    let error = open(TokenChoice::Label("three".into())).await.unwrap_err();
    assert_eq!(error.code(), "token-unknown");
    assert!(
        error.to_string().contains("\"one\"") && error.to_string().contains("\"two\""),
        "{error}"
    );
}

#[tokio::test]
async fn two_tokens_of_one_label_are_told_by_slot() {
    let softhsm = SoftHsm::with_tokens(&["same", "same"]);
    let hsm = softhsm.start().await;
    let error = hsm
        .open(library(
            Path::new(MODULE),
            TokenChoice::Label("same".into()),
        ))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "token-ambiguous");
    assert!(error.to_string().contains("slot"), "{error}");
}

#[tokio::test]
async fn a_token_that_is_not_initialised_is_told() {
    let softhsm = SoftHsm::with_tokens(&[]);
    let hsm = softhsm.start().await;
    let error = hsm
        .open(library(Path::new(MODULE), TokenChoice::Only))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "token-uninitialised");
}

#[tokio::test]
async fn a_wrong_pin_is_refused_and_a_missing_one_is_asked_for() {
    let softhsm = SoftHsm::with_tokens(&["one"]);
    let hsm = softhsm.start().await;
    hsm.open(library(Path::new(MODULE), TokenChoice::Only))
        .await
        .unwrap();
    assert_eq!(
        hsm.login(None, FinalTry::Refuse).await.unwrap_err().code(),
        "pin-needed"
    );
    assert_eq!(
        hsm.login(Some(Pin::new(Vec::new())), FinalTry::Refuse)
            .await
            .unwrap_err()
            .code(),
        "pin-needed"
    );
    assert_eq!(
        hsm.login(Some(Pin::new(b"4321".to_vec())), FinalTry::Refuse)
            .await
            .unwrap_err()
            .code(),
        "pin-wrong"
    );
    hsm.login(Some(Pin::new(b"1234".to_vec())), FinalTry::Refuse)
        .await
        .unwrap();
}

#[tokio::test]
async fn keys_that_cannot_travel_say_why() {
    let softhsm = SoftHsm::with_tokens(&["one"]);
    // Without CKA_EXTRACTABLE in its template, SoftHSM's import tool makes keys that cannot leave.
    softhsm.import(
        "01",
        "small",
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    );
    softhsm.import(
        "02",
        "curve",
        &[
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:brainpoolP256r1",
        ],
    );
    softhsm.import(
        "03",
        "fixed",
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    );
    let hsm = softhsm.unlocked().await;
    let keys = hsm.keys().await.unwrap();
    let why = |label: &str| {
        let key = keys.iter().find(|key| key.label == label).unwrap();
        assert!(!key.transferable);
        let codes: Vec<&str> = key
            .reasons
            .iter()
            .map(|reason| reason.code.as_str())
            .collect();
        (key.kind.as_str(), codes)
    };
    assert_eq!(
        why("small"),
        (
            "RSA-1024",
            vec!["unsupported-size-or-curve", "not-extractable"]
        )
    );
    assert_eq!(
        why("curve"),
        (
            "EC (1.3.36.3.3.2.8.1.1.7)",
            vec!["unsupported-size-or-curve", "not-extractable"]
        )
    );
    assert_eq!(why("fixed"), ("RSA-2048", vec!["not-extractable"]));
    let refused = hsm.wrap(request(labelled("fixed"), 256)).await.unwrap_err();
    assert_eq!(refused.code(), "not-extractable");
    let refused = hsm.wrap(request(labelled("small"), 256)).await.unwrap_err();
    assert_eq!(refused.code(), "unsupported-size-or-curve");
}

#[tokio::test]
async fn two_keys_of_one_label_are_told_by_id() {
    let softhsm = SoftHsm::with_tokens(&["one"]);
    for id in ["0a", "0b"] {
        softhsm.import(
            id,
            "twin",
            &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        );
    }
    let hsm = softhsm.unlocked().await;
    let error = hsm.wrap(request(labelled("twin"), 256)).await.unwrap_err();
    assert_eq!(error.code(), "key-ambiguous");
    assert!(matches!(error, HsmError::KeyAmbiguous { ids, .. } if ids == ["0a", "0b"]));
    let one = KeySelector {
        label: Some("twin".into()),
        id: Some("0B".into()),
    };
    assert_eq!(
        hsm.wrap(request(one, 256)).await.unwrap_err().code(),
        "not-extractable",
        "the one was found"
    );
}

#[tokio::test]
async fn each_key_is_paired_with_its_own_public_half() {
    let softhsm = SoftHsm::with_tokens(&["one"]);
    let mut expected = Vec::new();
    for id in ["01", "02", "03"] {
        let spki = softhsm.import(
            id,
            "same",
            &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        );
        expected.push((id.to_owned(), Some(Base64::encode_string(&spki))));
    }
    let keys = softhsm.unlocked().await.keys().await.unwrap();
    let listed: Vec<_> = keys.into_iter().map(|key| (key.id, key.spki)).collect();
    assert_eq!(listed, expected);
}
