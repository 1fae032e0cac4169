//! The file, byte for byte.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{KekSource, TargetKind};

fn kek() -> Kek {
    let document = include_bytes!("../../../tests/cases/kek/az-show-2048/input");
    let admission = Admission::default();
    Kek::admit(&KekSource {
        document,
        beside: None,
        kid: None,
        now: Some(0),
        admission: &admission,
    })
    .unwrap()
}

#[test]
fn the_file_is_the_specifications() {
    let ciphertext =
        Ciphertext::new(vec![0xfb; 256 + 24], kek().bits(), TargetKind::Aes128, &[]).unwrap();
    let generator = Generator::new("0.1.0", " Maker ", "Model", "1.2");
    let expected = format!(
        r#"{{
  "schema_version": "1.0.0",
  "header": {{
    "kid": "https://contosobyok.vault.azure.net/keys/KEKforBYOK/0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "alg": "dir",
    "enc": "CKM_RSA_AES_KEY_WRAP"
  }},
  "ciphertext": "{}-w",
  "generator": "keyferry 0.1.0; Maker Model firmware 1.2"
}}
"#,
        "-_v7".repeat(93)
    );
    let file = Blob::assemble(&kek(), &ciphertext, &generator).to_bytes();
    assert_eq!(String::from_utf8(file).unwrap(), expected);
}

#[test]
fn a_token_cannot_write_members_or_escapes_through_its_name() {
    let generator = Generator::new("0.1.0", "x\", \"enc\": \"\u{1b}[2J", "Model", "1.2");
    let ciphertext =
        Ciphertext::new(vec![0xfb; 280], kek().bits(), TargetKind::Aes128, &[]).unwrap();
    let file = Blob::assemble(&kek(), &ciphertext, &generator).to_bytes();
    assert!(!file.contains(&0x1b));
    let blob = Blob::parse(&file, &Admission::default()).unwrap();
    assert_eq!(
        blob.generator(),
        Some("keyferry 0.1.0; x\", \"enc\": \"\\u{001b}[2J Model firmware 1.2")
    );
}

#[test]
fn a_refused_file_gives_its_first_error() {
    let error = Blob::parse(b"{}", &Admission::default()).unwrap_err();
    assert_eq!(error.code(), "blob-member");
    assert!(error.to_string().contains("schema_version"));
    assert!(!error.advice().is_empty());
}
