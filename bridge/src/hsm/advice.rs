//! What to do about each failure of an HSM.

use keyferry_core::TargetKind;

use super::error::{Call, HsmError};

impl HsmError {
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
            Self::PinToBeChanged => "Change it with the vendor's tool, then try again with the new one.".into(),
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
            Self::WrappedLength { kind: TargetKind::P521, .. } => {
                "Nothing left the bridge. Some tokens leave out the leading zero bytes of a private value, which makes one P-521 key in 512 too short for the format: make another key. If that one fails too, report it to the vendor.".into()
            }
            Self::WrappedLength { .. } => {
                "Nothing left the bridge. The token wraps differently from its self-test; report this to the vendor.".into()
            }
            Self::Call(call) => call_advice(call),
            Self::ModuleAnswer { .. } => "Report this to the vendor, with the module's version.".into(),
            Self::WorkerStart { .. } => "Check that the keyferry program file is still in place and may be run.".into(),
            Self::Explained { reason, .. } => reason.advice.clone(),
            Self::ModuleCrashed { .. } => {
                "Check the vendor's configuration, its client service and its log: a module that crashes at its start often finds no configuration. `keyferry doctor` names what it reads.".into()
            }
            Self::WorkerStopped => {
                "The vendor's module may have crashed. The worker is started anew with the next request; if it repeats, look at the vendor's log.".into()
            }
            Self::DeadlineExceeded { .. } => {
                "Check the HSM's connection and its client service, then try again. Where the HSM is only slow, [deadlines] in config.toml gives it longer.".into()
            }
            Self::Protocol { .. } => "Start keyferry again; do not mix program files of two versions.".into(),
            Self::OperationLost { call, .. } => lost_advice(call).into(),
            Self::WorkerUnstable { seconds, .. } => {
                format!("The vendor's module crashes or hangs again and again: look at its log and configuration, and run `keyferry doctor`. In {seconds} seconds a request starts the worker once more.")
            }
            Self::Panicked { .. } => "This is a fault of keyferry: please report it, with what you asked for.".into(),
        }
    }
}

/// What may have happened although nobody can tell.
fn lost_advice(call: &str) -> &'static str {
    match call {
        "wrap" => {
            "Nothing left the bridge; whether the HSM had wrapped the key by then is unknown. The worker starts anew by itself: ask for the wrap again."
        }
        "keygen" => {
            "The key may have been made all the same: look with `keyferry keys` before you ask again."
        }
        "destroy" => {
            "Some of the keys may still be on the token: look for their labels with `keyferry keys`."
        }
        "login" => {
            "The PIN may have been counted as a try, and was not tried again. Look at the vendor's log, then unlock again."
        }
        _ => "The worker starts anew by itself: ask again.",
    }
}

fn call_advice(call: &Call) -> String {
    match call.name.as_str() {
        "CKR_DEVICE_ERROR" | "CKR_DEVICE_REMOVED" | "CKR_TOKEN_NOT_PRESENT" | "CKR_SESSION_HANDLE_INVALID"
        | "CKR_SESSION_CLOSED" | "CKR_CRYPTOKI_NOT_INITIALIZED" => {
            "The token or its connection was lost. Check it, then try again: the token is opened anew by itself.".into()
        }
        "CKR_USER_NOT_LOGGED_IN" => "Unlock the token first.".into(),
        "CKR_DEVICE_MEMORY" | "CKR_HOST_MEMORY" | "CKR_SESSION_COUNT" => {
            "The token is out of room or sessions. Close other programs that use it, then try again.".into()
        }
        _ => "See the vendor's documentation for this return value, and the module's own log.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p_521_key_that_comes_out_too_short_is_made_again_and_any_other_is_reported() {
        let advice = |kind| {
            let token = String::from("partition");
            let length = 360;
            HsmError::WrappedLength {
                kind,
                length,
                token,
            }
            .advice()
        };
        assert!(advice(TargetKind::P521).contains("make another key"));
        assert!(advice(TargetKind::P384).contains("report this to the vendor"));
    }
}
