//! What can go wrong with an HSM: each with a stable code, what happened, and what to do.

use std::path::PathBuf;

use cryptoki_sys::CKR_SESSION_COUNT;
use keyferry_core::{Reason, Strategy, TargetKind, visible};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::port::Proof;

/// A PKCS#11 call that did not return `CKR_OK`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{function} returned {name} (0x{value:X})")]
pub struct Call {
    /// The call, such as `C_WrapKey`.
    pub function: String,
    /// The return value's name, such as `CKR_DEVICE_ERROR`.
    pub name: String,
    /// The return value.
    pub value: u64,
}

/// A failure of the HSM, its module, its token, or the worker that speaks to it.
///
/// It crosses the worker's pipe, so it holds plain data and never a PIN or key material.
#[derive(Debug, Clone, Serialize, Deserialize, Error)]
#[allow(
    missing_docs,
    reason = "each variant's message says what its fields are"
)]
pub enum HsmError {
    #[error("there is no PKCS#11 module at {}", path.display())]
    ModuleMissing { path: PathBuf },
    #[error("{} cannot be loaded as a library: {why}", path.display())]
    ModuleUnusable { path: PathBuf, why: String },
    #[error("{} is for {is}, and this program is {wanted}", path.display())]
    ModuleArchitecture {
        path: PathBuf,
        is: String,
        wanted: String,
    },
    #[error("{} needs the library {missing}, which is not there", path.display())]
    ModuleDependency { path: PathBuf, missing: String },
    #[error("{} is a library, but not a PKCS#11 module: it has no C_GetFunctionList", path.display())]
    ModuleNotPkcs11 { path: PathBuf },
    #[error("the PKCS#11 module does not start: {call}")]
    ModuleInitialize { call: Call },
    #[error("this build has no embedded token")]
    NoEmbeddedToken,
    #[error("the embedded token's folder {} cannot be used: {why}", path.display())]
    TokenFolder { path: PathBuf, why: String },
    #[error("another program has been writing to the embedded token in {} for too long", path.display())]
    TokenBusy { path: PathBuf },

    #[error("no slot of the module holds a token")]
    TokenAbsent,
    #[error("no token is called {label:?}; there is {}", quoted(present))]
    TokenUnknown { label: String, present: Vec<String> },
    #[error("slot {slot} holds no token")]
    SlotUnknown { slot: u64 },
    #[error("more than one token fits: {}", present.join(", "))]
    TokenAmbiguous { present: Vec<String> },
    #[error("the token in slot {slot} is not initialised")]
    TokenUninitialised { slot: u64 },
    #[error("no token has been opened")]
    TokenNotOpen,

    #[error("the token refused the PIN")]
    PinWrong { final_try_next: bool },
    #[error("the token is locked after too many wrong PINs")]
    PinLocked,
    #[error("one more wrong PIN locks the token")]
    PinFinalTry,
    #[error("the token needs a PIN")]
    PinNeeded,
    #[error("the token has no user PIN yet")]
    PinNotSet,
    #[error("the token wants its user PIN changed before it does anything else")]
    PinToBeChanged,
    #[error("nobody is logged in to the token")]
    NotLoggedIn,

    #[error("the token has no key {wanted}")]
    KeyUnknown { wanted: String },
    #[error("{wanted} fits {} keys", ids.len())]
    KeyAmbiguous { wanted: String, ids: Vec<String> },
    #[error("the key {wanted} cannot travel: {}", first_message(reasons))]
    KeyNotTransferable {
        wanted: String,
        reasons: Vec<Reason>,
    },
    #[error("the token already has a key labelled {label:?}")]
    LabelTaken { label: String },
    #[error("a key's label must be 1 to 255 bytes of text without control characters")]
    LabelRefused,
    #[error("the token cannot make {kind} keys: {call}")]
    KindUnsupported { kind: TargetKind, call: Call },

    #[error("the token lists no mechanism that makes Azure's transfer format")]
    NoStrategy { listed: Vec<String> },
    #[error(
        "no wrap mechanism of this token passed the self-test for {kind} keys: {}",
        outcomes(proofs, *kind)
    )]
    SelfTestFailed {
        kind: TargetKind,
        proofs: Vec<Proof>,
    },
    #[error("{proven} is proven for {kind} keys on this token, so none is used unproven")]
    UnprovenNeedless { kind: TargetKind, proven: Strategy },
    #[error("the token does not list what {strategy} needs")]
    StrategyNotListed { strategy: Strategy },
    #[error("the token takes no KEK: {call}")]
    KekRefused { call: Call },
    #[error("the token refuses OAEP with SHA-1, the only form that Azure opens: {call}")]
    OaepRefused { call: Call },
    #[error(
        "the token {} returned {length} bytes, which fits no {kind} key",
        visible(token)
    )]
    WrappedLength {
        kind: TargetKind,
        length: usize,
        token: String,
    },
    #[error(
        "{left} disposable objects labelled {label:?} could not be destroyed and are still on the token"
    )]
    DisposableLeft { label: String, left: usize },
    #[error("the token in the slot is another one now")]
    TokenReplaced,
    #[error("{0}")]
    Call(Call),
    #[error("the PKCS#11 module gave an answer that cannot be used: {why}")]
    ModuleAnswer { why: String },

    #[error("the HSM worker does not start: {why}")]
    WorkerStart { why: String },
    #[error("the HSM worker has stopped")]
    WorkerStopped,
    #[error("the PKCS#11 module {} crashed while it was being loaded and started (C_Initialize) or its token opened", visible(&path.to_string_lossy()))]
    ModuleCrashed { path: PathBuf },
    #[error("{error}: {}", reason.message)]
    Explained {
        error: Box<HsmError>,
        reason: Reason,
    },
    #[error("the HSM did not answer {call} within {seconds} seconds, so its worker was ended")]
    DeadlineExceeded { call: String, seconds: u64 },
    #[error("the HSM worker broke its protocol: {why}")]
    Protocol { why: String },
    #[error("the HSM worker failed inside {call}")]
    Panicked { call: String },
    #[error("the HSM worker was lost within {call}, which was not done again: {loss}")]
    OperationLost { call: String, loss: Loss },
    #[error("the HSM worker was lost {losses} times in half a minute")]
    WorkerUnstable { losses: usize, seconds: u64 },
}

/// How a worker was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[allow(
    missing_docs,
    reason = "each variant's message says what its fields are"
)]
pub enum Loss {
    #[error("it has stopped")]
    Stopped,
    #[error("it did not answer within {seconds} seconds")]
    Deadline { seconds: u64 },
    // What it said instead is for the log: it may be anything.
    #[error("it broke its protocol")]
    Protocol { why: String },
}

impl Loss {
    /// The loss of a worker that was asked for `call`, where asking again is no help.
    pub(super) fn of(self, call: &str) -> HsmError {
        match self {
            Self::Stopped => HsmError::WorkerStopped,
            Self::Deadline { seconds } => HsmError::DeadlineExceeded {
                call: call.to_owned(),
                seconds,
            },
            Self::Protocol { why } => HsmError::Protocol { why },
        }
    }
}

impl HsmError {
    /// The error's stable name, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ModuleMissing { .. } => "module-missing",
            Self::ModuleUnusable { .. } => "module-not-a-library",
            Self::ModuleArchitecture { .. } => "module-wrong-architecture",
            Self::ModuleDependency { .. } => "module-library-missing",
            Self::ModuleNotPkcs11 { .. } => "module-not-pkcs11",
            Self::ModuleInitialize { .. } => "module-does-not-start",
            Self::NoEmbeddedToken => "no-embedded-token",
            Self::TokenFolder { .. } => "token-folder",
            Self::TokenBusy { .. } => "token-busy",
            Self::TokenAbsent => "token-absent",
            Self::TokenUnknown { .. } => "token-unknown",
            Self::SlotUnknown { .. } => "slot-unknown",
            Self::TokenAmbiguous { .. } => "token-ambiguous",
            Self::TokenUninitialised { .. } => "token-uninitialised",
            Self::TokenNotOpen => "token-not-open",
            Self::PinWrong { .. } => "pin-wrong",
            Self::PinLocked => "pin-locked",
            Self::PinFinalTry => "pin-final-try",
            Self::PinNeeded => "pin-needed",
            Self::PinNotSet => "pin-not-set",
            Self::PinToBeChanged => "pin-to-be-changed",
            Self::NotLoggedIn => "not-logged-in",
            Self::KeyUnknown { .. } => "key-unknown",
            Self::KeyAmbiguous { .. } => "key-ambiguous",
            Self::KeyNotTransferable { reasons, .. } => key_refusal_code(reasons),
            Self::LabelTaken { .. } => "label-taken",
            Self::LabelRefused => "label-refused",
            Self::KindUnsupported { .. } => "kind-unsupported",
            Self::NoStrategy { .. } => "no-wrap-mechanism",
            Self::SelfTestFailed { .. } => "self-test-failed",
            Self::UnprovenNeedless { .. } => "unproven-needless",
            Self::StrategyNotListed { .. } => "strategy-not-listed",
            Self::KekRefused { .. } => "kek-import-refused",
            Self::OaepRefused { .. } => "oaep-sha1-refused",
            Self::DisposableLeft { .. } => "disposable-left",
            Self::TokenReplaced => "token-replaced",
            Self::WrappedLength { .. } => "wrapped-length",
            Self::Call(call) if call.is(CKR_SESSION_COUNT) => "session-limit",
            Self::Call(_) => "pkcs11-call-failed",
            Self::ModuleAnswer { .. } => "pkcs11-answer",
            Self::WorkerStart { .. } => "worker-does-not-start",
            Self::WorkerStopped | Self::ModuleCrashed { .. } => "worker-stopped",
            Self::Explained { error, .. } => error.code(),
            Self::DeadlineExceeded { .. } => "deadline-exceeded",
            Self::Protocol { .. } => "worker-protocol",
            Self::Panicked { .. } => "worker-failed",
            Self::OperationLost { .. } => "operation-lost",
            Self::WorkerUnstable { .. } => "worker-unstable",
        }
    }
}

/// A key's first reason is the error's code, so that a caller can tell why without reading text.
fn key_refusal_code(reasons: &[Reason]) -> &'static str {
    const KNOWN: [&str; 7] = [
        "not-extractable",
        "wrap-with-trusted",
        "unsupported-size-or-curve",
        "unsupported-kind",
        "never-wrappable",
        "generic-secret",
        "public-half-missing",
    ];
    let first = reasons.first().map(|reason| reason.code.as_str());
    KNOWN
        .into_iter()
        .find(|known| first == Some(*known))
        .unwrap_or("key-not-transferable")
}

/// `oaep+kwp failed, oaep+aes-wrap-pad wrong-padding`, or that there was none to try.
fn outcomes(proofs: &[Proof], kind: TargetKind) -> String {
    if proofs.is_empty() {
        return "there was none to try".into();
    }
    proofs
        .iter()
        .map(|proof| format!("{} {}", proof.strategy, proof.outcome_for(kind)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn quoted(labels: &[String]) -> String {
    if labels.is_empty() {
        return "none".into();
    }
    labels
        .iter()
        .map(|label| format!("{label:?}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn first_message(reasons: &[Reason]) -> &str {
    reasons
        .first()
        .map_or("its token does not allow it", |reason| {
            reason.message.as_str()
        })
}
