//! Choosing a token, and what it says about itself.

use cryptoki::context::Pkcs11;
use cryptoki::slot::{Slot, TokenInfo as Told};
use keyferry_core::TokenInfo;

use crate::hsm::error::HsmError;
use crate::hsm::port::{LoginStyle, OpenedToken, PinState, TokenChoice};

/// Whether a token is the one linked into this program: a fact of how it was opened, never of what
/// it calls itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Embedded,
    Library,
}

/// Finds the chosen token among the slots that hold one.
pub(super) fn choose(pkcs11: &Pkcs11, choice: &TokenChoice) -> Result<Slot, HsmError> {
    let mut tokens = Vec::new();
    for slot in pkcs11.get_slots_with_token()? {
        tokens.push((slot, pkcs11.get_token_info(slot)?));
    }
    pick(&tokens, choice)
}

fn pick(tokens: &[(Slot, Told)], choice: &TokenChoice) -> Result<Slot, HsmError> {
    let usable: Vec<&(Slot, Told)> = tokens
        .iter()
        .filter(|(_, token)| is_initialised(token))
        .collect();
    if let TokenChoice::Slot(wanted) = choice {
        let (slot, token) = tokens
            .iter()
            .find(|(slot, _)| slot.id() == *wanted)
            .ok_or(HsmError::SlotUnknown { slot: *wanted })?;
        return if is_initialised(token) {
            Ok(*slot)
        } else {
            Err(HsmError::TokenUninitialised { slot: slot.id() })
        };
    }
    let fitting: Vec<&(Slot, Told)> = usable
        .iter()
        .copied()
        .filter(|(_, token)| !matches!(choice, TokenChoice::Label(label) if label != token.label()))
        .collect();
    match (fitting.as_slice(), choice) {
        ([(slot, _)], _) => Ok(*slot),
        ([], TokenChoice::Label(label)) => Err(HsmError::TokenUnknown {
            label: label.clone(),
            present: usable
                .iter()
                .map(|(_, token)| token.label().to_owned())
                .collect(),
        }),
        ([], _) => Err(tokens.first().map_or(HsmError::TokenAbsent, |(slot, _)| {
            HsmError::TokenUninitialised { slot: slot.id() }
        })),
        (several, _) => Err(HsmError::TokenAmbiguous {
            present: several
                .iter()
                .map(|(slot, token)| format!("{:?} in slot {slot}", token.label()))
                .collect(),
        }),
    }
}

/// NSS sets no `CKF_TOKEN_INITIALIZED`; a user PIN tells as much.
pub(super) fn is_initialised(token: &Told) -> bool {
    token.token_initialized() || token.user_pin_initialized()
}

/// What the token says about itself.
pub(super) fn describe(
    pkcs11: &Pkcs11,
    slot: Slot,
    origin: Origin,
) -> Result<OpenedToken, HsmError> {
    let told = pkcs11.get_token_info(slot)?;
    Ok(OpenedToken {
        info: TokenInfo {
            label: told.label().to_owned(),
            manufacturer: told.manufacturer_id().to_owned(),
            model: told.model().to_owned(),
            serial: told.serial_number().to_owned(),
            firmware: told.firmware_version().to_string(),
            software: origin == Origin::Embedded,
        },
        login: if told.protected_authentication_path() {
            LoginStyle::PinPad
        } else {
            LoginStyle::Pin
        },
        pin_state: pin_state(&told),
    })
}

/// The PIN flags, worst first: a token may set several.
pub(super) fn pin_state(token: &Told) -> PinState {
    if token.user_pin_locked() {
        PinState::Locked
    } else if token.user_pin_final_try() {
        PinState::FinalTry
    } else if token.user_pin_count_low() {
        PinState::CountLow
    } else {
        PinState::Ok
    }
}
