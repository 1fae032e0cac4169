//! What module, slots and token say of themselves.

use std::path::PathBuf;

use cryptoki_sys::{
    CK_FLAGS, CK_VERSION, CKF_LOGIN_REQUIRED, CKF_PROTECTED_AUTHENTICATION_PATH,
    CKF_TOKEN_INITIALIZED, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY,
    CKF_USER_PIN_INITIALIZED, CKF_USER_PIN_LOCKED, CKF_USER_PIN_TO_BE_CHANGED, CKF_WRITE_PROTECTED,
};
use serde::Deserialize;

/// A version as PKCS#11 has it: two numbers below 256.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Version(pub(crate) CK_VERSION);

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let numbers = text
            .split_once('.')
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let (major, minor) = numbers.ok_or_else(|| format!("{text:?} is no MAJOR.MINOR"))?;
        Ok(Self(CK_VERSION { major, minor }))
    }
}

/// Fields of `CK_INFO` that differ from the real module's.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ModuleIdentity {
    pub(crate) cryptoki: Option<Version>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) version: Option<Version>,
}

/// How many slots show the one real token.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SlotLayout {
    /// None, one, or several of the same label.
    pub(crate) copies: u8,
}

impl Default for SlotLayout {
    fn default() -> Self {
        Self { copies: 1 }
    }
}

/// Fields of `CK_TOKEN_INFO` that differ from the real token's.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TokenIdentity {
    pub(crate) label: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) hardware: Option<Version>,
    pub(crate) firmware: Option<Version>,
    #[serde(default)]
    pub(crate) set: Vec<TokenFlag>,
    #[serde(default)]
    pub(crate) clear: Vec<TokenFlag>,
    /// What is typed at the PIN pad: a file with the real token's PIN.
    pub(crate) pad_pin_file: Option<PathBuf>,
}

/// A flag of `CK_TOKEN_INFO` (PKCS#11 v3.1 §3.2).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TokenFlag {
    LoginRequired,
    ProtectedAuthenticationPath,
    TokenInitialized,
    UserPinInitialized,
    UserPinCountLow,
    UserPinFinalTry,
    UserPinLocked,
    UserPinToBeChanged,
    WriteProtected,
}

impl TokenFlag {
    pub(crate) fn bit(self) -> CK_FLAGS {
        match self {
            Self::LoginRequired => CKF_LOGIN_REQUIRED,
            Self::ProtectedAuthenticationPath => CKF_PROTECTED_AUTHENTICATION_PATH,
            Self::TokenInitialized => CKF_TOKEN_INITIALIZED,
            Self::UserPinInitialized => CKF_USER_PIN_INITIALIZED,
            Self::UserPinCountLow => CKF_USER_PIN_COUNT_LOW,
            Self::UserPinFinalTry => CKF_USER_PIN_FINAL_TRY,
            Self::UserPinLocked => CKF_USER_PIN_LOCKED,
            Self::UserPinToBeChanged => CKF_USER_PIN_TO_BE_CHANGED,
            Self::WriteProtected => CKF_WRITE_PROTECTED,
        }
    }
}
