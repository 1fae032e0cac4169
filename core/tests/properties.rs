//! What must hold for every input.
#![allow(clippy::unwrap_used)]

use keyferry_core::{
    Admission, Blob, Ciphertext, Generator, Kek, KekBits, KekSource, KeyId, TargetKind, Thumbprint,
    inspect, visible,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const KID: &str =
    "https://contosobyok.vault.azure.net/keys/KEKforBYOK/0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const SHOW: &[u8] = include_bytes!("../../tests/cases/kek/az-show-2048/input");
const PEM: &[u8] = include_bytes!("../../tests/cases/kek/spki-pem/input");
const DER: &[u8] = include_bytes!("../../tests/cases/kek/spki-der/input");
const BLOB: &[u8] = include_bytes!("../../tests/cases/blob/minified/input");

fn admit(document: &[u8]) -> Result<Kek, keyferry_core::Error> {
    let admission = Admission::default();
    Kek::admit(&KekSource {
        document,
        beside: None,
        kid: Some(KID),
        now: Some(0),
        admission: &admission,
    })
}

/// A real document with a few bytes changed, cut or put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    (select(vec![SHOW, PEM, DER, BLOB]), vec(change, 0..6)).prop_map(|(document, changes)| {
        let mut bytes = document.to_vec();
        for (place, byte, kind) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match kind {
                0 => bytes.insert(at, byte),
                1 => bytes.truncate(at),
                _ => bytes.splice(at..=at, [byte]).for_each(drop),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_input_gets_a_verdict(bytes in prop_oneof![vec(any::<u8>(), 0..600), damaged()]) {
        let admission = Admission::default();
        let source = KekSource { document: &bytes, beside: None, kid: None, now: None, admission: &admission };
        let examination = Kek::examine(&source);
        let refused = examination.verdict.findings.iter().any(|finding| finding.is_error());
        prop_assert_eq!(examination.verdict.admitted, !refused);
        prop_assert_eq!(examination.kek.is_some(), !refused);
        let inspection = inspect(&bytes, None, &admission);
        let refused = inspection.findings.iter().any(|finding| finding.is_error());
        prop_assert_eq!(inspection.accepted, !refused);
        prop_assert_eq!(Blob::parse(&bytes, &admission).is_ok(), !refused);
    }

    #[test]
    fn an_admitted_key_is_whole(bytes in damaged()) {
        if let Ok(kek) = admit(&bytes) {
            prop_assert_eq!(kek.modulus().len(), kek.bits().bytes());
            prop_assert!(kek.modulus().last().is_some_and(|byte| byte % 2 == 1));
            prop_assert_eq!(&Thumbprint::of_spki(kek.spki_der()), kek.thumbprint());
            let again = admit(kek.spki_der()).unwrap();
            prop_assert_eq!(again.thumbprint(), kek.thumbprint());
        }
    }

    #[test]
    fn an_identifier_that_parses_is_stable(text in prop_oneof![
        any::<String>(),
        "[hH]ttps://[a-zA-Z0-9.:@-]{0,12}(vault|managedhsm)[.]azure[.](net|cn)[:/a-z0-9]{0,8}/keys/[a-zA-Z0-9-]{0,5}(/[0-9a-f]{32})?[\r\n]{0,2}",
    ]) {
        if let Ok(kid) = KeyId::parse(&text) {
            let again = KeyId::parse(kid.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), kid.as_str());
            prop_assert!(kid.host().ends_with(".azure.net") || kid.host().ends_with(".azure.cn"));
            prop_assert!(kid.as_str().eq_ignore_ascii_case(&text.trim_end().replace(":443/", "/")));
        }
    }

    #[test]
    fn leading_zeros_change_nothing(zeros in 0..40_usize, exponent_zeros in 0..10_usize) {
        use base64ct::{Base64UrlUnpadded, Encoding};
        let plain = admit(DER).unwrap();
        let number = |zeros: usize, value: &[u8]| {
            Base64UrlUnpadded::encode_string(&[vec![0; zeros], value.to_vec()].concat())
        };
        let (n, e) = (number(zeros, plain.modulus()), number(exponent_zeros, plain.exponent()));
        let kek = admit(format!(r#"{{"kty":"RSA-HSM","key_ops":["import"],"n":"{n}","e":"{e}"}}"#).as_bytes()).unwrap();
        prop_assert_eq!(kek.thumbprint(), plain.thumbprint());
        prop_assert_eq!(kek.jwk_thumbprint(), plain.jwk_thumbprint());
    }

    #[test]
    fn a_blob_that_is_written_reads_back(
        target in select(TargetKind::ALL.to_vec()),
        which in any::<prop::sample::Index>(),
        maker in any::<String>(),
        seed in any::<u8>(),
    ) {
        let kek = admit(DER).unwrap();
        let length = kek.bits().bytes() + which.get(target.kwp_lengths());
        let bytes: Vec<u8> = (0..length).map(|index| (index % 251) as u8 ^ seed).collect();
        let ciphertext = Ciphertext::new(bytes, KekBits::B2048, target, &[]).unwrap();
        let generator = Generator::new("0.1.0", &maker, "Model", "1.2");
        let file = Blob::assemble(&kek, &ciphertext, &generator).to_bytes();
        let blob = Blob::parse(&file, &Admission::default()).unwrap();
        prop_assert_eq!(blob.ciphertext().as_bytes(), ciphertext.as_bytes());
        prop_assert!(blob.kid().same_key(kek.kid()));
        prop_assert_eq!(blob.generator(), Some(generator.as_str()));
        prop_assert_eq!(blob.to_bytes(), file.clone());
        let inspection = inspect(&file, Some(&kek), &Admission::default());
        prop_assert_eq!(inspection.kek_bits, Some(2048));
        prop_assert!(inspection.targets.contains(&target));
        prop_assert!(!inspection.findings.iter().any(|finding| finding.severity == keyferry_core::Severity::Warning
            && finding.code != "aes-in-vault"));
    }

    #[test]
    fn shown_text_moves_no_cursor(text in any::<String>()) {
        let shown = visible(&text);
        prop_assert!(!shown.chars().any(char::is_control));
        let turns = |character| matches!(u32::from(character), 0x200e..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069);
        prop_assert!(!shown.chars().any(turns));
    }
}
