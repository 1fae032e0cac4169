//! KEK documents: whatever the bytes are, there is a verdict; and what it admits keeps the rules, spelt out here anew.

use keyferry_core::{
    Admission, Examination, Kek, KekBits, KekSource, KekVerdict, PracticeAuthority, Thumbprint,
};

/// Stands between the document, the kid given beside it, and a second document.
pub const SEPARATOR: &[u8] = b"\n\0\n";

/// The clock of the case files: 2027-01-15T08:00:00Z.
const NOW: i64 = 1_800_000_000;

/// Examines `document [SEPARATOR kid [SEPARATOR second document]]`.
pub fn check(data: &[u8]) {
    let (document, rest) = split(data);
    let (kid, beside) = rest.map_or((None, None), |rest| {
        let (kid, beside) = split(rest);
        (std::str::from_utf8(kid).ok(), beside)
    });
    let usual = Admission::default();
    let practising = Admission {
        practice: PracticeAuthority::parse("localhost:43123").ok(),
        ..Admission::default()
    };
    for admission in [&usual, &practising] {
        for now in [Some(NOW), None] {
            let source = KekSource {
                document,
                beside,
                kid,
                now,
                admission,
            };
            let examination = Kek::examine(&source);
            check_verdict(&examination.verdict, examination.kek.is_some());
            let again = Kek::admit(&source);
            assert_eq!(again.is_ok(), examination.kek.is_some());
            if let Err(error) = again {
                assert!(!error.code().is_empty() && !error.advice().is_empty());
            }
            check_numbers(&examination);
            if let Some(kek) = &examination.kek {
                check_admitted(kek, admission);
                // Only where a practice vault runs is one of its kids admitted.
                assert!(!kek.kid().is_practice() || admission.practice.is_some());
            }
        }
    }
}

fn split(data: &[u8]) -> (&[u8], Option<&[u8]>) {
    let found = data
        .windows(SEPARATOR.len())
        .position(|window| window == SEPARATOR);
    found.map_or((data, None), |at| {
        (&data[..at], Some(&data[at + SEPARATOR.len()..]))
    })
}

/// A verdict says why, in words, and is the same after a journey as JSON.
fn check_verdict(verdict: &KekVerdict, has_kek: bool) {
    let refused = verdict.findings.iter().any(|finding| finding.is_error());
    assert_eq!(verdict.admitted, !refused);
    assert_eq!(verdict.admitted, has_kek);
    for finding in &verdict.findings {
        let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(!finding.code.is_empty() && finding.code.bytes().all(kebab));
        assert!(!finding.message.is_empty() && !finding.advice.is_empty());
        assert!(!finding.message.chars().any(char::is_control));
    }
    let json = serde_json::to_vec(verdict).unwrap();
    assert_eq!(
        &serde_json::from_slice::<KekVerdict>(&json).unwrap(),
        verdict
    );
}

/// Numbers that are told are told alike everywhere, refused or not.
fn check_numbers(examination: &Examination) {
    let Some(numbers) = &examination.numbers else {
        assert_eq!(examination.verdict.thumbprint_sha256, None);
        return;
    };
    assert_ne!(numbers.modulus.first(), Some(&0));
    assert_ne!(numbers.exponent.first(), Some(&0));
    let spki = spki(&numbers.modulus, &numbers.exponent);
    assert_eq!(
        examination.verdict.thumbprint_sha256,
        Some(Thumbprint::of_spki(&spki).to_string())
    );
}

fn check_admitted(kek: &Kek, admission: &Admission) {
    let (modulus, exponent) = (kek.modulus(), kek.exponent());
    assert!(KekBits::ALL.contains(&kek.bits()));
    assert_eq!(modulus.len(), kek.bits().bytes());
    assert!(modulus[0] & 0x80 != 0, "of exactly the stated bits");
    assert!(modulus[modulus.len() - 1] & 1 == 1, "odd");
    assert!(exponent[0] != 0 && exponent[exponent.len() - 1] & 1 == 1);
    let least: &[u8] = &[1, 0, 1];
    assert!(
        (exponent.len(), exponent) >= (least.len(), least),
        "at least 65537"
    );
    assert!((exponent.len(), exponent) < (modulus.len(), modulus));
    assert_eq!(kek.spki_der(), spki(modulus, exponent));
    assert_eq!(&Thumbprint::of_spki(kek.spki_der()), kek.thumbprint());
    assert_eq!(
        &kek.thumbprint().to_string().parse::<Thumbprint>().unwrap(),
        kek.thumbprint()
    );
    // Its own DER, with its own kid, is the same KEK.
    let again = Kek::admit(&KekSource {
        document: kek.spki_der(),
        beside: None,
        kid: Some(kek.kid().as_str()),
        now: None,
        admission,
    })
    .unwrap();
    assert_eq!(again.thumbprint(), kek.thumbprint());
    assert_eq!(again.jwk_thumbprint(), kek.jwk_thumbprint());
    assert_eq!(again.kid().as_str(), kek.kid().as_str());
    assert_eq!(again.bits(), kek.bits());
}

/// SubjectPublicKeyInfo of an RSA key (RFC 5280 §4.1, RFC 8017 §A.1), written without core's help.
fn spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let rsa_encryption = [
        0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
    ];
    let key = element(0x30, &[integer(modulus), integer(exponent)].concat());
    let bits = element(3, &[&[0], key.as_slice()].concat());
    element(0x30, &[&rsa_encryption, bits.as_slice()].concat())
}

fn integer(number: &[u8]) -> Vec<u8> {
    let sign = number.first().is_some_and(|first| first & 0x80 != 0);
    element(2, &[&[0][..usize::from(sign)], number].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let mut der = vec![tag];
    if content.len() < 0x80 {
        der.push(content.len() as u8);
    } else {
        der.push(0x80 | (length.len() - zeros) as u8);
        der.extend(&length[zeros..]);
    }
    der.extend(content);
    der
}
