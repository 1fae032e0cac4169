//! The port: what the bridge asks of an HSM, as messages.
//!
//! The messages are plain data and cross the worker's pipe as JSON. The one secret, the PIN, is
//! not among them: it travels in a frame of its own.

use std::path::PathBuf;

use keyferry_core::{KeyInfo, KeySelector, SelfTest, Strategy, TargetKind, TokenInfo};
use serde::{Deserialize, Serialize};

use super::base64_bytes;
use super::error::HsmError;
use super::survey::Survey;
use crate::pin::Pin;

/// What answers requests: the PKCS#11 adapter in the worker, or a stand-in in the worker's tests.
pub trait Port {
    /// Answers one request. `pin` is present only with [`Request::Login`].
    fn answer(&mut self, request: Request, pin: Option<Pin>) -> Result<Response, HsmError>;
}

/// One request to the HSM.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Load a module and choose a token; once per worker, before all that a token is needed for.
    Open(OpenRequest),
    /// Load a module and look around in it, without a login; before [`Request::Open`] or after.
    Survey(OpenRequest),
    /// Log the user in.
    Login(LoginRequest),
    /// Log the user out.
    Logout,
    /// List the token's private and secret keys.
    Keys,
    /// Make a key that can travel.
    GenerateKey {
        /// What to make.
        kind: TargetKind,
        /// Its `CKA_LABEL`; must not be on the token yet.
        label: String,
    },
    /// Prove each wrap strategy of this token; remembered until the worker ends.
    SelfTest,
    /// Wrap one key under a KEK.
    Wrap(WrapRequest),
}

impl Request {
    /// The request's name, for errors and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Survey(_) => "survey",
            Self::Login(_) => "login",
            Self::Logout => "logout",
            Self::Keys => "keys",
            Self::GenerateKey { .. } => "keygen",
            Self::SelfTest => "self-test",
            Self::Wrap(_) => "wrap",
        }
    }
}

/// Which module to load and which of its tokens to use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenRequest {
    /// The PKCS#11 module.
    pub module: Module,
    /// The token in it.
    pub token: TokenChoice,
}

/// A PKCS#11 module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Module {
    /// The software token that is linked into this program; made on first use.
    Embedded {
        /// The state folder; the token lives in `token/` below it.
        state: PathBuf,
    },
    /// A vendor's library.
    Library {
        /// Path of the shared library.
        path: PathBuf,
        /// Text for `pReserved` of `C_Initialize` (NSS needs it).
        args: Option<String>,
    },
}

/// Which token of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenChoice {
    /// The only initialised token there is.
    Only,
    /// The token with this label.
    Label(String),
    /// The token in the slot with this identifier.
    Slot(u64),
}

/// How a login may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Whether a PIN frame follows. Without one the token's own way is used: its PIN pad, or the
    /// PIN file of the embedded token.
    pub pin_follows: bool,
    /// What to do when one more wrong PIN locks the token.
    pub final_try: FinalTry,
}

/// Whether the last try before the token locks may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FinalTry {
    /// Refuse with [`HsmError::PinFinalTry`], the PIN untried.
    Refuse,
    /// The user was told and said yes.
    Allow,
}

/// One answer from the HSM.
#[derive(Debug, Serialize, Deserialize)]
pub enum Response {
    /// To [`Request::Open`].
    Opened(OpenedToken),
    /// To [`Request::Survey`].
    Surveyed(Survey),
    /// To [`Request::Login`].
    LoggedIn,
    /// To [`Request::Logout`].
    LoggedOut,
    /// To [`Request::Keys`].
    Keys(Vec<KeyInfo>),
    /// To [`Request::GenerateKey`].
    Generated(KeyInfo),
    /// To [`Request::SelfTest`].
    SelfTested(Vec<Proof>),
    /// To [`Request::Wrap`].
    Wrapped(Wrapped),
}

/// The token that was opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenedToken {
    /// Who it is.
    pub info: TokenInfo,
    /// How its user logs in.
    pub login: LoginStyle,
    /// What its flags say about the PIN.
    pub pin_state: PinState,
}

/// How a token's user logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginStyle {
    /// A PIN is passed to `C_Login`.
    Pin,
    /// The PIN is typed at the device (`CKF_PROTECTED_AUTHENTICATION_PATH`).
    PinPad,
}

/// The token's PIN flags (PKCS#11 v3.1 §3.2, `CKF_USER_PIN_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinState {
    /// No wrong PIN since the last right one, as far as the token says.
    Ok,
    /// At least one wrong PIN since the last right one.
    CountLow,
    /// One more wrong PIN locks the token.
    FinalTry,
    /// The token is locked.
    Locked,
}

/// One key to wrap, and the KEK to wrap it under.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WrapRequest {
    /// The target key.
    pub key: KeySelector,
    /// The KEK's modulus: big-endian, no leading zeros.
    #[serde(with = "base64_bytes")]
    pub kek_modulus: Vec<u8>,
    /// The KEK's public exponent: big-endian, no leading zeros.
    #[serde(with = "base64_bytes")]
    pub kek_exponent: Vec<u8>,
}

/// What the self-test found out about one strategy on this token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Proof {
    /// The strategy.
    pub strategy: Strategy,
    /// The worst outcome over the kinds.
    pub outcome: SelfTest,
    /// The outcome for each kind of disposable key.
    pub kinds: Vec<KindProof>,
}

/// The outcome of one strategy with one disposable key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KindProof {
    /// The kind of the disposable key.
    pub kind: TargetKind,
    /// What came of it.
    pub outcome: SelfTest,
    /// Length in bytes of the blob's second part (the wrapped target).
    pub length: Option<usize>,
    /// Why it did not pass, for the log: no secrets, one line.
    pub detail: Option<String>,
}

/// A wrapped key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wrapped {
    /// The blob's ciphertext: wrapping key under the KEK, then target under the wrapping key.
    #[serde(with = "base64_bytes")]
    pub ciphertext: Vec<u8>,
    /// The strategy that made it.
    pub strategy: Strategy,
    /// How that strategy's self-test came out on this token.
    pub self_test: SelfTest,
    /// What the target is.
    pub target: TargetKind,
    /// The target's public half as SPKI DER; none for AES, or when the token does not show it.
    pub spki: Option<Vec<u8>>,
    /// Lengths of the second part that the self-test opened for this kind on this token.
    pub proven_lengths: Vec<usize>,
}
