//! Whatever the practice vault opens, openssl opens to the same bytes, and what one refuses the other
//! refuses: over Wycheproof's cases, every blob case, and right blobs that were damaged.

use super::envelope;
use crate::oaep;
use crate::vault::tests::openssl::Openssl;
use aes::Aes256;
use aes::cipher::KeyInit;
use base64ct::{Base64UrlUnpadded, Encoding};
use keyferry_core::to_hex;
use rsa::PrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use sha1::Sha1;
use std::path::Path;
use wycheproof::{keywrap, rsa_oaep};

const OAEP: [&str; 6] = [
    "-pkeyopt",
    "rsa_padding_mode:oaep",
    "-pkeyopt",
    "rsa_oaep_md:sha1",
    "-pkeyopt",
    "rsa_mgf1_md:sha1",
];
const RAW: [&str; 2] = ["-pkeyopt", "rsa_padding_mode:none"];
const PRIVATE: [&str; 4] = ["-keyform", "DER", "-inkey", "private"];

fn decrypt(openssl: &Openssl, options: &[&str], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let arguments = [&["pkeyutl", "-decrypt"], &PRIVATE[..], options].concat();
    openssl.try_run(&arguments, ciphertext)
}

fn unwrap(openssl: &Openssl, key: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    let key = to_hex(key);
    let cipher = [
        "enc",
        "-d",
        "-id-aes256-wrap-pad",
        "-iv",
        "A65959A6",
        "-K",
        &key,
    ];
    openssl.try_run(&cipher, wrapped)
}

/// A KEK that openssl made, in both hands.
fn kek() -> (Openssl, PrivateKey) {
    let openssl = Openssl::new();
    let der = openssl.private_key(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    openssl.put("private", &der);
    (openssl, PrivateKey::from_pkcs8_der(&der).unwrap())
}

/// Opens a whole ciphertext both ways; the verdicts have to agree.
fn opened(openssl: &Openssl, kek: &PrivateKey, ciphertext: &[u8], case: &str) -> Option<Vec<u8>> {
    let ours = envelope::open(kek, ciphertext)
        .ok()
        .map(|plaintext| plaintext.to_vec());
    let theirs = ciphertext
        .split_at_checked(256)
        .and_then(|(first, second)| {
            let key = decrypt(openssl, &OAEP, first)?;
            // The command takes a shorter key and fills it up; the format has 32 bytes.
            (key.len() == 32).then(|| unwrap(openssl, &key, second))?
        });
    assert_eq!(ours, theirs, "{case}");
    ours
}

/// A right ciphertext and what is in it, by openssl alone.
fn right(openssl: &Openssl) -> (Vec<u8>, Vec<u8>) {
    let (key, plaintext) = (openssl.random(32), openssl.random(67));
    let encrypt = [&["pkeyutl", "-encrypt"], &PRIVATE[..], &OAEP].concat();
    let mut ciphertext = openssl.run(&encrypt, &key);
    let wrap = [
        "enc",
        "-id-aes256-wrap-pad",
        "-iv",
        "A65959A6",
        "-K",
        &to_hex(&key),
    ];
    ciphertext.extend(openssl.run(&wrap, &plaintext));
    (ciphertext, plaintext)
}

#[test]
fn over_right_blobs_and_ones_damaged_anywhere() {
    let (openssl, kek) = kek();
    let (ciphertext, plaintext) = right(&openssl);
    assert_eq!(
        opened(&openssl, &kek, &ciphertext, "right"),
        Some(plaintext)
    );
    for position in (0..ciphertext.len()).step_by(11) {
        let mut damaged = ciphertext.clone();
        damaged[position] ^= 1;
        assert_eq!(
            opened(&openssl, &kek, &damaged, &format!("byte {position}")),
            None
        );
    }
}

#[test]
fn over_an_encoded_message_whose_first_octet_is_not_zero() {
    let (openssl, kek) = kek();
    let (ciphertext, _) = right(&openssl);
    let mut encoded = decrypt(&openssl, &RAW, &ciphertext[..256]).unwrap();
    assert_eq!(encoded[0], 0);
    encoded[0] = 1;
    let encrypt = [&["pkeyutl", "-encrypt"], &PRIVATE[..], &RAW].concat();
    let mut bent = openssl.run(&encrypt, &encoded);
    bent.extend(&ciphertext[256..]);
    assert_eq!(opened(&openssl, &kek, &bent, "first octet 1"), None);
}

#[test]
fn over_the_blob_cases() {
    let (openssl, kek) = kek();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/blob");
    let (mut count, mut with_ciphertext) = (0, 0);
    for case in std::fs::read_dir(cases).unwrap() {
        let case = case.unwrap();
        count += 1;
        let input = std::fs::read(case.path().join("input")).unwrap();
        let Ok(document) = serde_json::from_slice::<serde_json::Value>(&input) else {
            continue;
        };
        let text = document["ciphertext"]
            .as_str()
            .unwrap_or_default()
            .trim_end_matches('=');
        let Ok(ciphertext) = Base64UrlUnpadded::decode_vec(text) else {
            continue;
        };
        with_ciphertext += 1;
        // These ciphertexts have the right lengths and nothing more, so that neither may open one.
        let name = case.file_name().into_string().unwrap();
        assert_eq!(opened(&openssl, &kek, &ciphertext, &name), None, "{name}");
    }
    assert!(
        count > 100 && with_ciphertext > 40,
        "{count}, {with_ciphertext}"
    );
}

#[test]
fn over_wycheproofs_oaep_with_sha1() {
    let set = rsa_oaep::TestSet::load(rsa_oaep::TestName::Rsa2048Sha1Mgf1Sha1).unwrap();
    let mut verdicts = (0, 0);
    for group in set.test_groups {
        let key = PrivateKey::from_pkcs8_pem(&group.pem).unwrap();
        let openssl = Openssl::new();
        openssl.put("private", key.to_pkcs8_der().unwrap().as_bytes());
        for test in group.tests.iter().filter(|test| test.label.is_empty()) {
            let ours = oaep::decrypt::<Sha1, Sha1>(&key, &test.ct).map(|message| message.to_vec());
            let theirs = decrypt(&openssl, &OAEP, &test.ct);
            assert_eq!(ours, theirs, "case {}", test.tc_id);
            match ours {
                Some(_) => verdicts.0 += 1,
                None => verdicts.1 += 1,
            }
        }
    }
    assert_eq!(verdicts, (10, 19));
}

#[test]
fn over_wycheproofs_key_wrap_with_padding() {
    let openssl = Openssl::new();
    let set = keywrap::TestSet::load(keywrap::TestName::AesKeyWrapWithPadding).unwrap();
    let mut verdicts = (0, 0);
    let tests = set.test_groups.into_iter().flat_map(|group| group.tests);
    for test in tests.filter(|test| test.key.len() == 32) {
        let cipher = Aes256::new_from_slice(&test.key).unwrap();
        let ours = envelope::unwrap(cipher, &test.ct)
            .ok()
            .map(|plaintext| plaintext.to_vec());
        assert_eq!(
            ours,
            unwrap(&openssl, &test.key, &test.ct),
            "case {}",
            test.tc_id
        );
        match ours {
            Some(_) => verdicts.0 += 1,
            None => verdicts.1 += 1,
        }
    }
    assert_eq!(verdicts, (25, 69));
}
