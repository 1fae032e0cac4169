//! One suite, many tokens: every kind of key that a token makes, under every size of KEK.
//!
//! [`keyferry_tests::transfer`] is the suite; here are the tokens at hand, each with what it does in
//! its own way. `make test-hsm` runs the same on any other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use base64ct::{Base64, Encoding as _};
use keyferry_tests::private_key_info::PrivateKeyInfo;
use keyferry_tests::transfer::{EcExtras, KINDS, PrivateValue, SECP256K1, Source, Traits};
use keyferry_tests::{Desk, Kek, Nss, Onlooker, Simulated, SoftHsm, opener};

#[test]
fn every_kind_travels_from_the_embedded_token() {
    let desk = Desk::embedded().flag("--software-token");
    // Its first use makes it.
    let _ = desk.json(["keys"]).success();
    let onlooker = Onlooker::embedded(&desk);
    Source::new(desk, onlooker, kryoptic("oaep+kwp"), &KINDS).transfer_all();
}

#[test]
fn every_kind_travels_by_the_single_mechanism() {
    let token = Simulated::named("one-shot");
    let traits = Traits {
        generator: "Keyferry tests one shot".to_owned(),
        ..kryoptic("rsa-aes-key-wrap")
    };
    Source::new(token.desk(), token.onlooker(), traits, &KINDS).transfer_all();
}

#[test]
fn every_kind_travels_from_soft_hsm() {
    let token = SoftHsm::new("matrix");
    let traits = Traits {
        strategy: "oaep+aes-wrap-pad".to_owned(),
        self_test: "trailing-zeros".to_owned(),
        private_value: PrivateValue::Full,
        ec_extras: EcExtras::None,
        generator: "SoftHSM".to_owned(),
    };
    let kinds = [&KINDS[..], &[SECP256K1]].concat();
    let desk = Desk::soft_hsm(&token);
    Source::new(desk, Onlooker::soft_hsm(&token), traits, &kinds).transfer_all();
}

#[test]
fn every_kind_travels_from_nss() {
    let token = Nss::new();
    let traits = Traits {
        strategy: "oaep+kwp".to_owned(),
        self_test: "exact".to_owned(),
        private_value: PrivateValue::Full,
        ec_extras: EcExtras::PublicKey,
        generator: "Mozilla Foundation NSS 3".to_owned(),
    };
    Source::new(token.desk(), token.onlooker(), traits, &KINDS).transfer_all();
}

/// Kryoptic, whatever a scenario makes of it.
fn kryoptic(strategy: &str) -> Traits {
    Traits {
        strategy: strategy.to_owned(),
        self_test: "exact".to_owned(),
        private_value: PrivateValue::Stripped,
        ec_extras: EcExtras::None,
        generator: "Kryoptic".to_owned(),
    }
}

/// Kryoptic writes the private value of P-521 without its leading zeros, where RFC 5915 wants 66
/// bytes: every second key shows it. The file is what the token gives; the key in it is right.
#[test]
fn the_embedded_token_shortens_a_p_521_private_value_and_the_key_is_still_right() {
    let desk = Desk::embedded().flag("--software-token");
    let folder = tempfile::tempdir().unwrap();
    let kek = Kek::shared(2048);
    // Forty whole values in a row would be a change of the token, not bad luck.
    for attempt in 0..40 {
        let label = format!("key {attempt}");
        let spki = make_p521(&desk, &label);
        let out = folder.path().join("key.byok");
        let (out, kek_file) = (out.to_str().unwrap(), kek.az_json());
        let kek_file = kek_file.to_str().unwrap();
        let wrap = [
            "wrap", "--yes", "--force", "--key", &label, "--kek", kek_file, "--out", out,
        ];
        let answer = desk.json(wrap);
        if answer.code != Some(0) {
            // Two bytes shorter, as one in 512 is: refused, with what to do.
            assert_eq!(answer.refusal(1), "wrapped-length");
            assert!(answer.all().contains("make another key"));
            continue;
        }
        let opened = opener::open(&std::fs::read(out).unwrap(), &kek.private_pem(), 256).unwrap();
        let ec = PrivateKeyInfo::parse(&opened.plaintext)
            .unwrap()
            .ec
            .unwrap();
        assert_eq!(ec.public_half(66).unwrap(), spki);
        assert_ne!(ec.d[0], 0);
        if ec.d.len() < 66 {
            return;
        }
    }
    panic!("the token now writes P-521 values in full: the quirk is gone");
}

fn make_p521(desk: &Desk, label: &str) -> Vec<u8> {
    let _ = desk
        .json(["keygen", "--kind", "P-521", "--label", label])
        .success();
    let listed = desk.json(["keys"]).success();
    let listed = listed["keys"].as_array().unwrap();
    let made = listed.iter().find(|key| key["label"] == label).unwrap();
    Base64::decode_vec(made["spki"].as_str().unwrap()).unwrap()
}

/// A PEM names no vault: its kid comes beside it, and into the file.
#[test]
fn a_kek_as_pem_goes_by_the_kid_beside_it() {
    let token = SoftHsm::new("by PEM");
    let desk = Desk::soft_hsm(&token);
    let _ = desk
        .json(["keygen", "--kind", "P-256K", "--label", "by PEM"])
        .success();
    let (kek, folder) = (Kek::shared(3072), tempfile::tempdir().unwrap());
    let (pem, out, kid) = (kek.public_pem(), folder.path().join("key.byok"), kek.kid());
    let (pem, out) = (pem.to_str().unwrap(), out.to_str().unwrap());
    let wrap = [
        "wrap", "--yes", "--key", "by PEM", "--kek", pem, "--kid", &kid, "--out", out,
    ];
    assert_eq!(desk.json(wrap).success()["kid"], kid);
    let opened = opener::open(
        &std::fs::read(out).unwrap(),
        &kek.private_pem(),
        kek.bytes(),
    );
    assert_eq!(opened.unwrap().kid, kid);
    // The product's reader knows another KEK, and another kid, for what they are.
    let other = Kek::shared(2048).az_json();
    for with in [
        &["--kek", other.to_str().unwrap()][..],
        &["--kek", pem, "--kid", &Kek::shared(2048).kid()],
    ] {
        let inspected = desk.json(["inspect", out].iter().chain(with).copied());
        assert_eq!(
            (inspected.code, &inspected.object()["accepted"]),
            (Some(1), &false.into())
        );
    }
}
