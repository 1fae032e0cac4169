//! What the practice vault opens, compared with what openssl says of the same key.

use super::{Bench, name};
use crate::vault::practice::{PublicHalf, Quirk};
use crate::vault::tests::openssl::Openssl;
use keyferry_core::{Admission, Kek, KekBits, KekSource, Kid, PracticeKeyId, TargetKind};

async fn opens_every_kind_under(bits: KekBits) {
    let bench = Bench::with_kek(bits).await;
    for kind in TargetKind::ALL {
        let plaintext = bench.openssl.target(kind);
        let key = bench.import(kind, &bench.blob(&plaintext)).await.unwrap();

        let opened = bench.vault.opened().pop().unwrap();
        assert_eq!(
            (opened.kind, &opened.kid, &opened.kek),
            (kind, &key.kid, &bench.kek.kid)
        );
        if kind.is_aes() {
            assert_eq!(opened.quirks, [Quirk::AesInVault], "{kind}");
            let known_answer = bench.openssl.encrypt_zeros(&plaintext).try_into().unwrap();
            assert_eq!(opened.public, PublicHalf::Aes { known_answer }, "{kind}");
            assert_eq!(key.spki, None);
        } else {
            assert_eq!(opened.quirks, [], "{kind}");
            let public = Some(bench.openssl.public_key(&plaintext));
            assert_eq!(key.spki, public, "{kind}");
            assert_eq!(opened.public.spki(), public, "{kind}");
        }
    }
}

#[tokio::test]
async fn opens_every_kind_under_a_kek_of_2048_bits() {
    opens_every_kind_under(KekBits::B2048).await;
}

#[tokio::test]
async fn opens_every_kind_under_a_kek_of_3072_bits() {
    opens_every_kind_under(KekBits::B3072).await;
}

#[tokio::test]
async fn opens_every_kind_under_a_kek_of_4096_bits() {
    opens_every_kind_under(KekBits::B4096).await;
}

#[tokio::test]
async fn a_name_imported_twice_gets_a_second_version_and_the_newest_is_given() {
    let bench = Bench::new().await;
    let import = async |kind| {
        bench
            .import(kind, &bench.blob(&bench.openssl.target(kind)))
            .await
            .unwrap()
    };
    let first = import(TargetKind::P256).await;
    let second = import(TargetKind::P384).await;
    assert_ne!(first.kid, second.kid);
    assert_eq!(
        bench.client.show(&name("IMPORTED"), None).await.unwrap(),
        second
    );
    let version = first.kid.rsplit('/').next();
    assert_eq!(
        bench.client.show(&name("imported"), version).await.unwrap(),
        first
    );
}

#[tokio::test]
async fn zero_bytes_after_the_der_are_opened_and_reported() {
    let bench = Bench::new().await;
    for zeros in 1..=7 {
        let mut plaintext = bench.openssl.target(TargetKind::P256);
        plaintext.resize(plaintext.len() + zeros, 0);
        bench
            .import(TargetKind::P256, &bench.blob(&plaintext))
            .await
            .unwrap();
        assert_eq!(
            bench.vault.opened().pop().unwrap().quirks,
            [Quirk::TrailingZeros(zeros)]
        );
    }
}

#[tokio::test]
async fn a_scalar_without_its_leading_zeros_is_opened_and_reported() {
    let bench = Bench::new().await;
    let plaintext = p521_without_public_key(&bench.openssl.random(65));
    let key = bench
        .import(TargetKind::P521, &bench.blob(&plaintext))
        .await
        .unwrap();
    let opened = bench.vault.opened().pop().unwrap();
    assert_eq!(
        opened.quirks,
        [Quirk::ShortScalar {
            bytes: 65,
            expected: 66
        }]
    );
    assert_eq!(key.spki, Some(bench.openssl.public_key(&plaintext)));
}

#[tokio::test]
async fn a_key_without_its_public_half_is_opened() {
    let bench = Bench::new().await;
    let mut scalar = vec![1];
    scalar.extend(bench.openssl.random(65));
    let plaintext = p521_without_public_key(&scalar);
    let key = bench
        .import(TargetKind::P521, &bench.blob(&plaintext))
        .await
        .unwrap();
    assert_eq!(bench.vault.opened().pop().unwrap().quirks, []);
    assert_eq!(key.spki, Some(bench.openssl.public_key(&plaintext)));
}

/// PKCS#8 of a P-521 key without its public half, byte by byte (RFC 5208, RFC 5915).
fn p521_without_public_key(scalar: &[u8]) -> Vec<u8> {
    let inner = tlv(0x30, &[vec![2, 1, 1], tlv(4, scalar)].concat());
    let curve = tlv(6, &[0x2b, 0x81, 0x04, 0x00, 0x23]);
    let algorithm = tlv(
        0x30,
        &[tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]), curve].concat(),
    );
    tlv(0x30, &[vec![2, 1, 0], algorithm, tlv(4, &inner)].concat())
}

/// One DER element of less than 128 bytes.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 128);
    [&[tag, length], content].concat()
}

#[tokio::test]
async fn the_az_document_of_a_kek_is_admitted_and_names_the_same_key() {
    let bench = Bench::new().await;
    let authority = bench.vault.authority().clone();
    let kid = PracticeKeyId::parse(&bench.kek.kid, &authority).unwrap();
    let document = bench.vault.az_key_show_json(&kid).unwrap();

    let admission = Admission {
        practice: Some(authority),
        ..Admission::default()
    };
    let source = KekSource {
        document: document.as_bytes(),
        beside: None,
        kid: None,
        now: Some(0),
        admission: &admission,
    };
    let kek = Kek::admit(&source).unwrap();
    assert!(matches!(kek.kid(), Kid::Practice(found) if found.same_key(&kid)));
    assert_eq!(kek.bits(), KekBits::B2048);
    assert_eq!(Some(kek.spki_der()), bench.kek.spki.as_deref());

    // The same document is nobody's KEK where the practice vault is not admitted.
    let strict = Admission::default();
    assert!(
        Kek::admit(&KekSource {
            admission: &strict,
            ..source
        })
        .is_err()
    );
}

#[tokio::test]
async fn the_handle_makes_the_same_kek_as_the_rest_call() {
    let bench = Bench::new().await;
    let kid = bench
        .vault
        .create_kek("by-handle", KekBits::B2048)
        .await
        .unwrap();
    let key = bench
        .client
        .show(&name("by-handle"), kid.version())
        .await
        .unwrap();
    assert_eq!(
        (key.kid.as_str(), key.operations.as_slice()),
        (kid.as_str(), &["import".to_owned()][..])
    );
    let bits = Openssl::new().run(
        &["rsa", "-pubin", "-inform", "DER", "-noout", "-text"],
        &key.spki.unwrap(),
    );
    assert!(
        String::from_utf8(bits)
            .unwrap()
            .starts_with("Public-Key: (2048 bit)")
    );
}
