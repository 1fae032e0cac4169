//! A KEK, a token and a receipt for unit tests.

use keyferry_core::{
    Admission, AuditEntry, AuditEvent, AuditHead, Kek, KekSource, Outcome, Receipt, RecordPlace,
    Requester, SelfTest, Strategy, TargetKind, TokenInfo, chain,
};

use crate::digest::sha256_hex;

/// 3072 bits, of the vault contosobyok.vault.azure.net.
pub(crate) const KEK_DOCUMENT: &[u8] = include_bytes!("../../tests/cases/kek/az-show-3072/input");

/// The KEK of [`KEK_DOCUMENT`].
pub(crate) fn kek() -> Kek {
    Kek::admit(&KekSource {
        document: KEK_DOCUMENT,
        beside: None,
        kid: None,
        now: None,
        admission: &Admission::default(),
    })
    .unwrap()
}

/// A token of hardware.
pub(crate) fn token() -> TokenInfo {
    TokenInfo {
        label: "token".to_owned(),
        manufacturer: "maker".to_owned(),
        model: "model".to_owned(),
        serial: "1".to_owned(),
        firmware: "1.0".to_owned(),
        software: false,
    }
}

/// Of a key that was wrapped and not imported.
pub(crate) fn receipt() -> Receipt {
    let entry = AuditEntry::new(AuditEvent::WrapOutcome, Outcome::Done, Requester::Page);
    let line = chain(&AuditHead::GENESIS, "2026-11-25T08:00:00Z", entry);
    Receipt {
        receipt_version: Receipt::VERSION,
        generator: "keyferry".to_owned(),
        file_sha256: sha256_hex(b"file"),
        ciphertext_sha256: sha256_hex(b"ciphertext"),
        target: TargetKind::Aes256,
        key_label: "key".to_owned(),
        key_id: "01".to_owned(),
        spki: None,
        kid: kek().kid().as_str().to_owned(),
        kek_thumbprint_sha256: kek().thumbprint().to_string(),
        token: token(),
        strategy: Strategy::OaepKwp,
        self_test: SelfTest::Exact,
        attestation: None,
        audit: RecordPlace::from(&line),
        import: None,
    }
}
