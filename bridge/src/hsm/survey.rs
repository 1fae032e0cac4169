//! What a module and its tokens say of themselves, before anybody logs in.

use keyferry_core::Strategy;
use serde::{Deserialize, Serialize};

use super::error::HsmError;
use super::mechanism::Mechanism;
use super::port::OpenedToken;

/// The answer to [`super::Request::Survey`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Survey {
    /// The library.
    pub module: ModuleInfo,
    /// Every slot, with or without a token.
    pub slots: Vec<SlotInfo>,
    /// The token that the choice names, or why it names none.
    pub chosen: Result<ChosenToken, HsmError>,
}

/// `CK_INFO` (PKCS#11 v3.1 §3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleInfo {
    /// `manufacturerID`, without padding.
    pub manufacturer: String,
    /// `libraryDescription`, without padding.
    pub description: String,
    /// `libraryVersion`, `X.Y`.
    pub version: String,
    /// `cryptokiVersion`, `X.Y`.
    pub cryptoki: String,
}

/// One slot, and the token in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotInfo {
    /// `CK_SLOT_ID`, for `--slot`.
    pub slot: u64,
    /// `slotDescription`, without padding.
    pub description: String,
    /// The token, where one is present and answers.
    pub token: Option<SlotToken>,
}

/// A token as a list of slots shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotToken {
    /// `CK_TOKEN_INFO.label`, for `--token`.
    pub label: String,
    /// `manufacturerID`.
    pub manufacturer: String,
    /// `model`.
    pub model: String,
    /// `serialNumber`.
    pub serial: String,
    /// False for a token that is yet to be initialised.
    pub initialised: bool,
}

/// The chosen token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChosenToken {
    /// Its slot.
    pub slot: u64,
    /// What it says of itself.
    pub token: OpenedToken,
    /// `CKF_LOGIN_REQUIRED`.
    pub login_required: bool,
    /// `CKF_USER_PIN_INITIALIZED`.
    pub pin_set: bool,
    /// `CKF_USER_PIN_TO_BE_CHANGED`.
    pub pin_to_be_changed: bool,
    /// Every mechanism that it lists.
    pub mechanisms: Vec<Mechanism>,
    /// The strategies that these allow, best first.
    pub listed: Vec<Strategy>,
}
