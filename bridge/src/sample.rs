//! A KEK and a token for unit tests.

use keyferry_core::{Admission, Kek, KekSource, TokenInfo};

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
