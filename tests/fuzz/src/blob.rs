//! Key transfer blobs: the reader has a verdict on every file, and what is assembled is read back whole.

use keyferry_core::{
    Admission, Blob, Ciphertext, Generator, Inspection, Kek, KekBits, KekSource, Reading,
    TargetKind, file_name, inspect,
};
use std::sync::LazyLock;

/// One KEK of each size.
static KEKS: LazyLock<Vec<Kek>> = LazyLock::new(|| {
    let documents: [&[u8]; 3] = [
        include_bytes!("../../cases/kek/az-show-2048/input"),
        include_bytes!("../../cases/kek/az-show-3072/input"),
        include_bytes!("../../cases/kek/az-show-4096/input"),
    ];
    documents
        .map(|document| {
            Kek::admit(&KekSource {
                document,
                beside: None,
                kid: None,
                now: None,
                admission: &Admission::default(),
            })
            .unwrap()
        })
        .into()
});

/// Reads the bytes as a file, then puts a blob together from them.
pub fn check(data: &[u8]) {
    check_reading(data);
    check_round_trip(data);
}

fn check_reading(file: &[u8]) {
    let admission = Admission::default();
    let inspection = inspect(file, None, &admission);
    check_inspection(&inspection);
    let blob = Blob::parse(file, &admission);
    assert_eq!(blob.is_ok(), inspection.accepted);
    for kek in KEKS.iter() {
        let with_kek = inspect(file, Some(kek), &admission);
        check_inspection(&with_kek);
        // A KEK settles more and forgives nothing.
        assert!(inspection.accepted || !with_kek.accepted);
        if with_kek.accepted {
            assert_eq!(with_kek.kek_bits, Some(kek.bits().bits()));
        }
    }
    if let Ok(blob) = blob {
        assert_eq!(inspection.kid.as_deref(), Some(blob.kid().as_str()));
        assert_eq!(
            inspection.ciphertext_bytes,
            Some(blob.ciphertext().as_bytes().len())
        );
        assert!(!inspection.readings.is_empty());
        let written = blob.to_bytes();
        let again = Blob::parse(&written, &admission).unwrap();
        check_same(&again, &blob);
        assert_eq!(again.to_bytes(), written);
    }
}

fn check_inspection(inspection: &Inspection) {
    let refused = inspection.findings.iter().any(|finding| finding.is_error());
    assert_eq!(inspection.accepted, !refused);
    for finding in &inspection.findings {
        assert!(!finding.message.is_empty() && !finding.advice.is_empty());
        assert!(!finding.message.chars().any(char::is_control));
    }
    for Reading { kek_bits, target } in &inspection.readings {
        let rsa = KekBits::from_bits(*kek_bits).unwrap().bytes();
        let second = inspection.ciphertext_bytes.unwrap() - rsa;
        assert!(target.kwp_lengths().contains(&second));
    }
    let shown = inspection.generator.as_deref().unwrap_or_default();
    assert!(!shown.chars().any(char::is_control));
    let json = serde_json::to_vec(inspection).unwrap();
    assert_eq!(
        &serde_json::from_slice::<Inspection>(&json).unwrap(),
        inspection
    );
}

/// `kind, KEK, length, label length, label…, bytes…`: what a token could have returned.
fn check_round_trip(data: &[u8]) {
    let [kind, size, length, label, rest @ ..] = data else {
        return;
    };
    let target = TargetKind::ALL[usize::from(*kind) % TargetKind::ALL.len()];
    let kek = &KEKS[usize::from(*size) % KEKS.len()];
    let (label, bytes) = rest.split_at(usize::from(*label).min(rest.len()));
    let label = String::from_utf8_lossy(label);
    let lengths = target.kwp_lengths();
    let wanted = kek.bits().bytes() + lengths[usize::from(*length) % lengths.len()];
    let mut bytes = bytes.to_vec();
    if !bytes.is_empty() {
        let fits = bytes.len() >= kek.bits().bytes()
            && lengths.contains(&(bytes.len() - kek.bits().bytes()));
        assert_eq!(
            Ciphertext::new(bytes.clone(), kek.bits(), target, &[]).is_ok(),
            fits
        );
    }
    bytes.resize(wanted, *length);
    let ciphertext = Ciphertext::new(bytes, kek.bits(), target, &[]).unwrap();
    let generator = Generator::new("0.1.0", &label, "model", &label);
    let blob = Blob::assemble(kek, &ciphertext, &generator);
    let file = blob.to_bytes();
    let again = Blob::parse(&file, &Admission::default());
    let hexadecimal = ciphertext
        .to_base64url()
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit());
    if hexadecimal {
        // What looks like another writer's hexadecimal is refused: no ciphertext does by chance.
        assert_eq!(again.unwrap_err().code(), "ciphertext-hex");
        return;
    }
    let again = again.unwrap();
    check_same(&again, &blob);
    assert_eq!(again.to_bytes(), file);
    let inspection = inspect(&file, Some(kek), &Admission::default());
    assert!(inspection.accepted && inspection.targets.contains(&target));
    let name = file_name(&label);
    assert!(
        !name.contains(['/', '\\', '\0']) && name.ends_with(".byok"),
        "{name}"
    );
}

fn check_same(one: &Blob, other: &Blob) {
    assert_eq!(one.ciphertext().as_bytes(), other.ciphertext().as_bytes());
    assert_eq!(one.kid().as_str(), other.kid().as_str());
    assert_eq!(one.generator(), other.generator());
}
