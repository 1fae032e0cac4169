//! The opener that judges transfers is itself judged: it takes what `openssl` wraps as the BYOK
//! specification says, and nothing that differs by a detail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use keyferry_tests::Kek;
use keyferry_tests::opener::open;
use keyferry_tests::private_key_info::PrivateKeyInfo;
use keyferry_tests::tool::{hex, openssl};

const AES: [u8; 32] = [0x5a; 32];

#[test]
fn opens_a_blob_that_openssl_wrapped() {
    let kek = Kek::shared(2048);
    let opened = open(&file(&ciphertext("sha1", PLAIN)), &kek.private_pem(), 256).unwrap();
    assert_eq!(
        (opened.plaintext, opened.kid),
        (PLAIN.to_vec(), "the kid".to_owned())
    );
}

#[test]
fn refuses_another_oaep_hash() {
    refuses(&file(&ciphertext("sha256", PLAIN)));
}

#[test]
fn refuses_another_kek() {
    let blob = file(&ciphertext("sha1", PLAIN));
    assert!(open(&blob, &Kek::generate(2048).private_pem(), 256).is_err());
}

#[test]
fn refuses_key_wrap_without_the_padding_of_rfc_5649() {
    let wrap = [
        "enc",
        "-id-aes256-wrap",
        "-K",
        &hex(&AES),
        "-iv",
        "A6A6A6A6A6A6A6A6",
    ];
    let target = openssl(&wrap, PLAIN).unwrap();
    refuses(&file(&[oaep("sha1"), target].concat()));
}

#[test]
fn refuses_standard_and_padded_base64() {
    let good = file(&ciphertext("sha1", PLAIN));
    let text = String::from_utf8(good).unwrap();
    refuses(text.replace('-', "+").replace('_', "/").as_bytes());
    refuses(text.replace("\",\"generator", "=\",\"generator").as_bytes());
}

#[test]
fn refuses_a_header_that_differs() {
    let text = String::from_utf8(file(&ciphertext("sha1", PLAIN))).unwrap();
    for (from, to) in [
        ("1.0.0", "1.0"),
        ("\"dir\"", "\"DIR\""),
        ("CKM_RSA_AES_KEY_WRAP", "CKM_RSA_AES_KEY_WRAP_PAD"),
        ("\"generator\"", "\"made_by\""),
        ("\"kid\"", "\"x\":\"\",\"kid\""),
    ] {
        let bent = text.replace(from, to);
        assert_ne!(bent, text);
        refuses(bent.as_bytes());
    }
}

#[test]
fn counts_what_follows_a_private_key() {
    let key = private_key("P-256");
    let public = openssl(
        &["pkey", "-inform", "DER", "-pubout", "-outform", "DER"],
        &key,
    )
    .unwrap();
    for extra in 0..3 {
        let padded = [&key[..], &vec![0; extra]].concat();
        let info = PrivateKeyInfo::parse(&padded).unwrap();
        assert_eq!(info.trailing, vec![0; extra]);
        assert_eq!(info.der_length(), key.len());
        assert_eq!(info.public_half().unwrap(), public);
    }
}

#[test]
fn refuses_a_private_key_without_its_envelope() {
    let key = openssl(
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ],
        b"",
    );
    let sec1 = openssl(&["ec", "-outform", "DER"], &key.unwrap()).unwrap();
    assert!(PrivateKeyInfo::parse(&sec1).is_err());
    let rsa = std::fs::read(Kek::shared(2048).private_pem()).unwrap();
    let pkcs1 = openssl(&["rsa", "-traditional", "-outform", "DER"], &rsa).unwrap();
    assert!(PrivateKeyInfo::parse(&pkcs1).is_err());
}

#[test]
fn refuses_a_length_that_does_not_add_up() {
    let key = private_key("P-256");
    for at in [1, 2, 4] {
        let mut bent = key.clone();
        bent[at] = bent[at].wrapping_sub(1);
        assert!(PrivateKeyInfo::parse(&bent).is_err(), "byte {at}");
    }
    assert!(PrivateKeyInfo::parse(&key[..key.len() - 1]).is_err());
}

#[test]
fn derives_a_public_half_from_a_short_private_value() {
    // Every second P-521 value starts with a zero byte, which a token may strip.
    let (whole, mut ec) = std::iter::repeat_with(|| private_key("P-521"))
        .map(|whole| {
            (
                whole.clone(),
                PrivateKeyInfo::parse(&whole).unwrap().ec.unwrap(),
            )
        })
        .find(|(_, ec)| ec.d[0] == 0)
        .unwrap();
    assert!(ec.has_public_key && !ec.has_parameters);
    assert_eq!(ec.d.len(), 66);
    let zeros = ec.d.iter().take_while(|byte| **byte == 0).count();
    ec.d.drain(..zeros);
    let public = openssl(
        &["pkey", "-inform", "DER", "-pubout", "-outform", "DER"],
        &whole,
    );
    assert_eq!(ec.public_half(66).unwrap(), public.unwrap());
}

const PLAIN: &[u8; 32] = b"two blocks of some target's key.";

fn refuses(file: &[u8]) {
    assert!(open(file, &Kek::shared(2048).private_pem(), 256).is_err());
}

fn private_key(curve: &str) -> Vec<u8> {
    let option = format!("ec_paramgen_curve:{curve}");
    let arguments = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        &option,
        "-outform",
        "DER",
    ];
    let sec1_or_pkcs8 = openssl(&arguments, b"").unwrap();
    let arguments = [
        "pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-outform", "DER",
    ];
    openssl(&arguments, &sec1_or_pkcs8).unwrap()
}

fn oaep(hash: &str) -> Vec<u8> {
    let public = Kek::shared(2048).public_pem();
    let hash = format!("rsa_oaep_md:{hash}");
    openssl(
        &[
            "pkeyutl",
            "-encrypt",
            "-pubin",
            "-inkey",
            public.to_str().unwrap(),
            "-pkeyopt",
            "rsa_padding_mode:oaep",
            "-pkeyopt",
            &hash,
        ],
        &AES,
    )
    .unwrap()
}

fn ciphertext(hash: &str, plain: &[u8]) -> Vec<u8> {
    let wrap = [
        "enc",
        "-id-aes256-wrap-pad",
        "-K",
        &hex(&AES),
        "-iv",
        "A65959A6",
    ];
    [oaep(hash), openssl(&wrap, plain).unwrap()].concat()
}

fn file(ciphertext: &[u8]) -> Vec<u8> {
    // Standard base64 has to differ from base64url for the case that is about it.
    let text = Base64UrlUnpadded::encode_string(ciphertext);
    assert_ne!(text, Base64::encode_string(ciphertext));
    let header = r#"{"kid":"the kid","alg":"dir","enc":"CKM_RSA_AES_KEY_WRAP"}"#;
    format!(
        r#"{{"schema_version":"1.0.0","header":{header},"ciphertext":"{text}","generator":"test"}}"#
    )
    .into_bytes()
}
