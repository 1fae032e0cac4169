//! What can go wrong with an HSM: each with a stable code, what happened, and what to do.

use std::path::PathBuf;

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
    #[error("the HSM did not answer {call} within {seconds} seconds, so its worker was ended")]
    DeadlineExceeded { call: String, seconds: u64 },
    #[error("the HSM worker broke its protocol: {why}")]
    Protocol { why: String },
    #[error("the HSM worker failed inside {call}")]
    Panicked { call: String },
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
            Self::Call(_) => "pkcs11-call-failed",
            Self::ModuleAnswer { .. } => "pkcs11-answer",
            Self::WorkerStart { .. } => "worker-does-not-start",
            Self::WorkerStopped => "worker-stopped",
            Self::DeadlineExceeded { .. } => "deadline-exceeded",
            Self::Protocol { .. } => "worker-protocol",
            Self::Panicked { .. } => "worker-failed",
        }
    }

    /// What to do about it, in one or two sentences.
    pub fn advice(&self) -> String {
        match self {
            Self::ModuleMissing { .. } => {
                "Give --module the path of the vendor's PKCS#11 library, such as /usr/lib/softhsm/libsofthsm2.so.".into()
            }
            Self::ModuleUnusable { .. } => {
                "Use the vendor's library for this system and processor, and check that the libraries it needs are installed (ldd shows them).".into()
            }
            Self::ModuleArchitecture { .. } => {
                "Install the vendor's client for this system and processor, and give --module its library.".into()
            }
            Self::ModuleDependency { .. } => {
                "Install it, or have the loader find it (ldconfig); `ldd` on the module shows all that it needs.".into()
            }
            Self::ModuleNotPkcs11 { .. } => {
                "Give --module the vendor's PKCS#11 library; its file name often contains pkcs11, cryptoki or ck.".into()
            }
            Self::ModuleInitialize { .. } => {
                "Check the vendor's configuration and client service. Some modules need --module-args or a variable named with --module-env.".into()
            }
            Self::NoEmbeddedToken => {
                "Give --module the path of a PKCS#11 library, or use a build with the embedded token.".into()
            }
            Self::TokenFolder { .. } => {
                "Check that the folder is yours and writable, or choose another with --state.".into()
            }
            Self::TokenBusy { .. } => "End the other program that uses the same --state, then try again.".into(),
            Self::TokenAbsent => {
                "Connect or insert the token, or check that the vendor's configuration names a slot.".into()
            }
            Self::TokenUnknown { .. } => "Give --token one of the labels above, exactly as shown, or use --slot.".into(),
            Self::SlotUnknown { .. } => "Give --slot the number of a slot that holds a token, or use --token.".into(),
            Self::TokenAmbiguous { .. } => "Choose one with --token LABEL, or with --slot N when labels repeat.".into(),
            Self::TokenUninitialised { .. } => {
                "Initialise the token and set its user PIN with the vendor's tool first.".into()
            }
            Self::TokenNotOpen => "Open a token before asking it for anything.".into(),
            Self::PinWrong { final_try_next: true } => {
                "One more wrong PIN locks the token: find the right one before you try again. It was not tried a second time.".into()
            }
            Self::PinWrong { .. } => {
                "Check that PIN and token belong together, then try again. It was not tried a second time, since each try counts.".into()
            }
            Self::PinLocked => "Have the token's security officer reset the user PIN with the vendor's tool.".into(),
            Self::PinFinalTry => {
                "The PIN was not tried. Make sure of it, then confirm the last try, or have the security officer reset the counter.".into()
            }
            Self::PinNeeded => "Give the PIN with --pin-source, or unlock at the terminal or by pinentry.".into(),
            Self::PinNotSet => "Have the security officer set the user PIN with the vendor's tool.".into(),
            Self::NotLoggedIn => "Unlock the token first.".into(),
            Self::KeyUnknown { .. } => "See the token's keys with `keyferry keys`.".into(),
            Self::KeyAmbiguous { .. } => "Choose one with --key-id; `keyferry keys` shows the ids.".into(),
            Self::KeyNotTransferable { reasons, .. } => {
                reasons.first().map_or_else(|| "Choose another key.".into(), |reason| reason.advice.clone())
            }
            Self::LabelTaken { .. } => "Choose another label: a label should name one key.".into(),
            Self::LabelRefused => "Choose a short, printable label.".into(),
            Self::KindUnsupported { .. } => "Choose a kind that this token supports.".into(),
            Self::NoStrategy { .. } => {
                "The HSM needs RSA OAEP together with AES key wrap with padding (RFC 5649). Look for a firmware update or an export setting, or ask the vendor.".into()
            }
            Self::SelfTestFailed { .. } => {
                "Nothing was wrapped. What this token makes could not be opened in Azure; ask the vendor for RFC 5649 key wrap (CKM_AES_KEY_WRAP_KWP). Where the self-test could not run, --unproven STRATEGY uses one all the same.".into()
            }
            Self::UnprovenNeedless { .. } => "Leave --unproven out: the proven one is used by itself.".into(),
            Self::StrategyNotListed { .. } => {
                "Name one that `keyferry doctor` shows as listed.".into()
            }
            Self::KekRefused { .. } => {
                "Nothing was wrapped. Let the token's user import public RSA keys that may wrap (CKA_WRAP), or ask the vendor how.".into()
            }
            Self::OaepRefused { .. } => {
                "Nothing was wrapped. A FIPS mode or policy that forbids SHA-1 in OAEP has to allow it for key transport, or the key cannot go to Azure from here.".into()
            }
            Self::DisposableLeft { .. } => "Remove them with the vendor's tool: they hold nothing of value.".into(),
            Self::TokenReplaced => "Put the first one back, or start keyferry again for this one.".into(),
            Self::WrappedLength { .. } => {
                "Nothing left the bridge. The token wraps differently from its self-test; report this to the vendor.".into()
            }
            Self::Call(call) => call_advice(call),
            Self::ModuleAnswer { .. } => "Report this to the vendor, with the module's version.".into(),
            Self::WorkerStart { .. } => "Check that the keyferry program file is still in place and may be run.".into(),
            Self::WorkerStopped => {
                "The vendor's module may have crashed. Start keyferry again; if it repeats, look at the vendor's log.".into()
            }
            Self::DeadlineExceeded { .. } => {
                "Check the HSM's connection and its client service, then start keyferry again.".into()
            }
            Self::Protocol { .. } => "Start keyferry again; do not mix program files of two versions.".into(),
            Self::Panicked { .. } => "This is a fault of keyferry: please report it, with what you asked for.".into(),
        }
    }
}

/// A key's first reason is the error's code, so that a caller can tell why without reading text.
fn key_refusal_code(reasons: &[Reason]) -> &'static str {
    const KNOWN: [&str; 5] = [
        "not-extractable",
        "wrap-with-trusted",
        "unsupported-size-or-curve",
        "never-wrappable",
        "generic-secret",
    ];
    let first = reasons.first().map(|reason| reason.code.as_str());
    KNOWN
        .into_iter()
        .find(|known| first == Some(*known))
        .unwrap_or("key-not-transferable")
}

fn call_advice(call: &Call) -> String {
    match call.name.as_str() {
        "CKR_DEVICE_ERROR" | "CKR_DEVICE_REMOVED" | "CKR_TOKEN_NOT_PRESENT" | "CKR_SESSION_HANDLE_INVALID" => {
            "The token or its connection was lost. Check it, then start keyferry again.".into()
        }
        "CKR_USER_NOT_LOGGED_IN" => "Unlock the token first.".into(),
        "CKR_DEVICE_MEMORY" | "CKR_HOST_MEMORY" | "CKR_SESSION_COUNT" => {
            "The token is out of room or sessions. Close other programs that use it, then try again.".into()
        }
        _ => "See the vendor's documentation for this return value, and the module's own log.".into(),
    }
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
