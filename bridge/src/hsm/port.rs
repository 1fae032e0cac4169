//! The port: what the bridge asks of an HSM, as messages.
//!
//! The messages are plain data and cross the worker's pipe as MessagePack. The one secret, the PIN,
//! is not among them: it travels in a frame of its own.

use std::path::PathBuf;

use keyferry_core::{Finding, KeyInfo, KeySelector, SelfTest, Strategy, TargetKind, TokenInfo};
use serde::{Deserialize, Serialize};

use super::choice::Choice;
use super::error::{Call, HsmError};
use super::survey::Survey;
use crate::pin::Pin;

/// What answers requests: the PKCS#11 adapter in the worker, or a stand-in in the worker's tests.
pub trait Port {
    /// Answers one request. `pin` is present only with [`Request::Login`]. What is known before the end goes to
    /// `tell`, in its order; the answer is the rest.
    fn answer(
        &mut self,
        request: Request,
        pin: Option<Pin>,
        tell: &mut dyn FnMut(Part),
    ) -> Result<Response, HsmError>;
}

/// What of an answer is known before its end: a long one is told as it comes, and no frame grows with the token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Part {
    /// Of [`Response::Keys`], to [`Request::Keys`].
    Keys(Vec<KeyInfo>),
    /// Of [`Response::WrappedMany`].
    Wrapped(Vec<Result<Wrapped, HsmError>>),
}

/// One request to the HSM.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// List those that a selector names: none, one or several.
    KeysLike(KeySelector),
    /// Make a key that can travel.
    GenerateKey {
        /// What to make.
        kind: TargetKind,
        /// Its `CKA_LABEL`; must not be on the token yet.
        label: String,
    },
    /// Make a key for a rehearsal, under a label of the worker's own choosing.
    MakeRehearsalKey {
        /// What to make.
        kind: TargetKind,
    },
    /// Destroy the keys that [`Request::MakeRehearsalKey`] made in this worker, and no others.
    DestroyRehearsalKeys,
    /// Prove each wrap strategy of this token; remembered until the worker ends, or until the token
    /// has another firmware.
    SelfTest(DisposableObjects),
    /// Wrap one key under a KEK.
    Wrap(WrapRequest),
    /// Wrap several keys under one KEK.
    WrapMany(WrapMany),
}

impl Request {
    /// The request's name, for errors and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Survey(_) => "survey",
            Self::Login(_) => "login",
            Self::Logout => "logout",
            Self::Keys | Self::KeysLike(_) => "keys",
            Self::GenerateKey { .. } | Self::MakeRehearsalKey { .. } => "keygen",
            Self::DestroyRehearsalKeys => "destroy",
            Self::SelfTest(_) => "self-test",
            Self::Wrap(_) | Self::WrapMany(_) => "wrap",
        }
    }

    /// Whether it changes nothing that outlives its worker, so that it can be done again.
    pub(super) fn is_read(&self) -> bool {
        match self {
            Self::Open(_)
            | Self::Survey(_)
            | Self::Keys
            | Self::KeysLike(_)
            | Self::SelfTest(_) => true,
            Self::Login(_)
            | Self::Logout
            | Self::GenerateKey { .. }
            | Self::MakeRehearsalKey { .. }
            | Self::DestroyRehearsalKeys
            | Self::Wrap(_)
            | Self::WrapMany(_) => false,
        }
    }

    /// Whether it takes someone who is logged in.
    pub(super) fn needs_login(&self) -> bool {
        !matches!(
            self,
            Self::Open(_) | Self::Survey(_) | Self::Login(_) | Self::Logout
        )
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

/// What a login shows of the PIN that came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginProof {
    /// The token took it.
    Taken,
    /// Nothing: somebody was logged in already (`CKR_USER_ALREADY_LOGGED_IN`).
    AlreadyLoggedIn,
    /// Nothing: this token has no login.
    NotNeeded,
}

/// One answer from the HSM.
#[derive(Debug, Serialize, Deserialize)]
pub enum Response {
    /// To [`Request::Open`].
    Opened(OpenedToken),
    /// To [`Request::Survey`].
    Surveyed(Survey),
    /// To [`Request::Login`].
    LoggedIn(LoginProof),
    /// To [`Request::Logout`].
    LoggedOut,
    /// To [`Request::Keys`] and [`Request::KeysLike`].
    Keys(Vec<KeyInfo>),
    /// To [`Request::GenerateKey`] and [`Request::MakeRehearsalKey`].
    Generated(KeyInfo),
    /// To [`Request::DestroyRehearsalKeys`].
    Destroyed(Destroyed),
    /// To [`Request::SelfTest`].
    SelfTested(SelfTestReport),
    /// To [`Request::Wrap`].
    Wrapped(Wrapped),
    /// To [`Request::WrapMany`]: an answer for each key, in their order.
    WrappedMany(Vec<Result<Wrapped, HsmError>>),
    /// Before one of those that take long; the worker goes on.
    Part(Part),
}

/// What became of the keys that a rehearsal made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destroyed {
    /// Labels of those that are gone.
    pub gone: Vec<String>,
    /// Labels of those that may still be on the token, each with the reason.
    pub left: Vec<(String, String)>,
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

/// What the objects that a wrap or a self-test needs for a moment may be: KEK, wrapping key and
/// disposable keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisposableObjects {
    /// Session objects alone, which end with their session whatever happens.
    Session,
    /// Token objects where the token takes no session objects, destroyed right after. The user was
    /// asked: they outlive a crash.
    Token,
}

/// Which strategy to wrap with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyDemand {
    /// The one that the self-test proved for the key's kind.
    Proven,
    /// This one, although nothing is known of it on this token: the user was asked.
    Unproven(Strategy),
}

/// One key to wrap, and the KEK to wrap it under.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WrapRequest {
    /// The target key.
    pub key: KeySelector,
    /// The KEK's modulus: big-endian, no leading zeros.
    #[serde(with = "serde_bytes")]
    pub kek_modulus: Vec<u8>,
    /// The KEK's public exponent: big-endian, no leading zeros.
    #[serde(with = "serde_bytes")]
    pub kek_exponent: Vec<u8>,
    /// How.
    pub strategy: StrategyDemand,
}

/// Several keys to wrap under one KEK, which the token takes once for all of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WrapMany {
    /// The target keys.
    pub keys: Vec<KeySelector>,
    /// The KEK's modulus: big-endian, no leading zeros.
    #[serde(with = "serde_bytes")]
    pub kek_modulus: Vec<u8>,
    /// The KEK's public exponent: big-endian, no leading zeros.
    #[serde(with = "serde_bytes")]
    pub kek_exponent: Vec<u8>,
    /// How.
    pub strategy: StrategyDemand,
}

impl WrapMany {
    /// The same request for one of its keys.
    pub(super) fn one(&self, key: &KeySelector) -> WrapRequest {
        WrapRequest {
            key: key.clone(),
            kek_modulus: self.kek_modulus.clone(),
            kek_exponent: self.kek_exponent.clone(),
            strategy: self.strategy,
        }
    }
}

/// What the self-test found out about a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTestReport {
    /// Each strategy that the token lists, best first.
    pub proofs: Vec<Proof>,
    /// What `CKA_EXTRACTABLE` is worth on this token.
    pub extractable: ExtractableRule,
    /// What the disposable objects were allowed to be.
    pub objects: DisposableObjects,
}

/// Whether a token keeps `CKA_EXTRACTABLE = false` (PKCS#11 v3.1 §4.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtractableRule {
    /// It refused to wrap a disposable key that is not extractable.
    Kept,
    /// It wrapped one.
    Ignored,
    /// No such key could be made, or no strategy works.
    Unknown,
}

impl ExtractableRule {
    /// What a person should know of it.
    pub fn finding(self) -> Option<Finding> {
        (self == Self::Ignored).then(|| {
            Finding::warning(
                "extractable-ignored",
                "This token wraps keys that are marked as not extractable (CKA_EXTRACTABLE is false).",
                "Do not rely on that mark to keep a key in this token.",
            )
        })
    }
}

/// What the self-test found out about one strategy on this token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The strategy.
    pub strategy: Strategy,
    /// The worst outcome over the kinds, for a glance: a key's own kind decides how it is wrapped.
    pub outcome: SelfTest,
    /// The outcome for each kind of disposable key.
    pub kinds: Vec<KindProof>,
}

/// The outcome of one strategy with one disposable key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindProof {
    /// The kind of the disposable key.
    pub kind: TargetKind,
    /// What came of it.
    pub outcome: SelfTest,
    /// Zero bytes that followed the key.
    pub trailing_zeros: usize,
    /// Length in bytes of the blob's second part (the wrapped target).
    pub length: Option<usize>,
    /// Why it did not pass: no secrets, one line.
    pub detail: Option<String>,
    /// The PKCS#11 call that said no, when one did.
    pub call: Option<Call>,
}

impl KindProof {
    /// A kind of which nothing is known, and why.
    pub(super) fn not_run(kind: TargetKind, why: impl Into<String>) -> Self {
        Self {
            kind,
            outcome: SelfTest::NotRun,
            trailing_zeros: 0,
            length: None,
            detail: Some(why.into()),
            call: None,
        }
    }
}

/// A wrapped key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wrapped {
    /// The blob's ciphertext: wrapping key under the KEK, then target under the wrapping key.
    #[serde(with = "serde_bytes")]
    pub ciphertext: Vec<u8>,
    /// The strategy that made it, and what that rests on.
    pub choice: Choice,
    /// What the target is.
    pub target: TargetKind,
    /// The target's public half as SPKI DER; none for AES, or when the token does not show it.
    #[serde(with = "serde_bytes")]
    pub spki: Option<Vec<u8>>,
}
