//! The bridge's errors as HTTP: which status, and what of the message may leave.

use axum::http::StatusCode;

use crate::Error;
use crate::batch::BatchError;
use crate::batch::ledger::LedgerError;
use crate::hsm::HsmError;
use crate::server::problem::Problem;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let mut body = error.body();
        if keeps_its_words_here(&error) {
            // Paths and the system's words belong in the bridge's own output.
            tracing::error!(code = error.code(), %error, "a request failed");
            body.message = "The bridge could not do this; its own output says why.".to_owned();
            body.advice = "Look at the terminal or the journal of the bridge.".to_owned();
        } else {
            tracing::info!(code = error.code(), "a request was answered with an error");
        }
        Self::new(status(&error), body)
    }
}

/// Exhaustive, so that a new kind of error has to be given its status.
fn status(error: &Error) -> StatusCode {
    match error {
        Error::Core(_) | Error::RecordLineUnknown { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Hsm(error) => hsm_status(error),
        Error::Batch(error) => batch_status(error),
        Error::KekMismatch { .. } | Error::ApprovalMismatch => StatusCode::CONFLICT,
        Error::PolicyRefused { .. }
        | Error::AttestationRefused { .. }
        | Error::SecondApproverRefused { .. }
        | Error::SoftwareKeyRefused { .. }
        | Error::PracticeKeyRefused { .. }
        | Error::ApprovalRefused
        | Error::ApprovalTimeout { .. } => StatusCode::FORBIDDEN,
        Error::BridgeLocked | Error::PromptUnavailable | Error::PinUnavailable { .. } => {
            StatusCode::LOCKED
        }
        #[cfg(feature = "vault")]
        Error::Vault(_) | Error::Practice(_) => StatusCode::BAD_GATEWAY,
        Error::PublicKeyDiffers { .. }
        | Error::RehearsalKeysLeft { .. }
        | Error::TransferUnknown
        | Error::KekGone { .. }
        | Error::NotAKek { .. } => StatusCode::CONFLICT,
        Error::PracticeAlone { .. } => StatusCode::FORBIDDEN,
        Error::Unverified { source, .. } | Error::Step { source, .. } => status(source),
        Error::Usage(_)
        | Error::NothingToPin
        | Error::PolicyExposed { .. }
        | Error::FileUnreadable { .. }
        | Error::OutputExists { .. }
        | Error::OutputUnwritable { .. }
        | Error::StateUnusable { .. }
        | Error::StateUnknown
        | Error::ConfigInvalid { .. }
        | Error::TransferDamaged { .. }
        | Error::PinFileExposed { .. }
        | Error::SecretUnfit { .. }
        | Error::PromptFailed(_)
        | Error::AuditUnwritable { .. }
        | Error::AuditDamaged { .. }
        | Error::ListenNotLoopback { .. }
        | Error::ListenFailed { .. }
        | Error::System { .. }
        | Error::Interrupted
        | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn batch_status(error: &BatchError) -> StatusCode {
    match error {
        BatchError::Manifest(_) | BatchError::Plan(_) => StatusCode::UNPROCESSABLE_ENTITY,
        BatchError::Ledger(
            LedgerError::OtherPlan { .. }
            | LedgerError::FolderHeld { .. }
            | LedgerError::NotImported { .. }
            | LedgerError::Imports { .. }
            | LedgerError::LeaseLost,
        )
        | BatchError::KeyReplaced { .. } => StatusCode::CONFLICT,
        BatchError::Ledger(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn hsm_status(error: &HsmError) -> StatusCode {
    match error {
        HsmError::PinWrong { .. } => StatusCode::FORBIDDEN,
        HsmError::PinLocked
        | HsmError::PinFinalTry
        | HsmError::PinNeeded
        | HsmError::PinNotSet
        | HsmError::NotLoggedIn => StatusCode::LOCKED,
        HsmError::KeyUnknown { .. } => StatusCode::NOT_FOUND,
        HsmError::KeyAmbiguous { .. } | HsmError::LabelTaken { .. } => StatusCode::CONFLICT,
        HsmError::KeyNotTransferable { .. }
        | HsmError::LabelRefused
        | HsmError::KindUnsupported { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        HsmError::DeadlineExceeded { .. } => StatusCode::GATEWAY_TIMEOUT,
        // The module, the token or the worker is not there or does not work.
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// Whether the message tells of this machine's inside: files, the system, other programs.
fn keeps_its_words_here(error: &Error) -> bool {
    match error {
        Error::Hsm(error) => matches!(
            error,
            HsmError::ModuleMissing { .. }
                | HsmError::ModuleUnusable { .. }
                | HsmError::ModuleNotPkcs11 { .. }
                | HsmError::TokenFolder { .. }
                | HsmError::TokenBusy { .. }
                | HsmError::WorkerStart { .. }
                | HsmError::Protocol { .. }
        ),
        Error::PinUnavailable { .. } => true,
        other => status(other) == StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::io;

    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn says_by_status_whose_turn_it_is() {
        let table = [
            (Error::BridgeLocked, 423),
            (Error::PromptUnavailable, 423),
            (Error::ApprovalRefused, 403),
            (
                Error::Hsm(HsmError::PinWrong {
                    final_try_next: false,
                }),
                403,
            ),
            (Error::Hsm(HsmError::PinLocked), 423),
            (Error::Hsm(HsmError::KeyUnknown { wanted: "k".into() }), 404),
            (Error::Hsm(HsmError::WorkerStopped), 502),
            (
                Error::Hsm(HsmError::DeadlineExceeded {
                    call: "C_WrapKey".into(),
                    seconds: 1,
                }),
                504,
            ),
            (Error::Core(keyferry_core::Error::UnknownKind), 422),
        ];
        for (error, status) in table {
            let code = error.code();
            let problem = Problem::from(error);
            assert_eq!(problem.body().code, code);
            assert!(!problem.body().advice.is_empty(), "{code}");
            assert_eq!(problem.into_response().status().as_u16(), status, "{code}");
        }
    }

    #[test]
    fn tells_no_path_and_no_word_of_the_system() {
        let secret_path = "/home/someone/state";
        let source = || io::Error::other("inner reason");
        let errors = [
            Error::AuditUnwritable {
                path: secret_path.into(),
                source: source(),
            },
            Error::AuditDamaged {
                path: secret_path.into(),
                reason: "inner reason".into(),
            },
            Error::StateUnusable {
                path: secret_path.into(),
                source: source(),
            },
            Error::PinUnavailable {
                from: format!("file:{secret_path}"),
                reason: "inner reason".into(),
            },
            Error::PinFileExposed {
                path: secret_path.into(),
            },
            Error::Hsm(HsmError::TokenFolder {
                path: secret_path.into(),
                why: "inner reason".into(),
            }),
            Error::Hsm(HsmError::ModuleUnusable {
                path: secret_path.into(),
                why: "inner reason".into(),
            }),
            Error::Hsm(HsmError::WorkerStart {
                why: "inner reason".into(),
            }),
        ];
        for error in errors {
            let code = error.code();
            let said = serde_json::to_string(Problem::from(error).body()).unwrap();
            assert!(said.contains(code), "{said}");
            assert!(
                !said.contains("someone") && !said.contains("inner"),
                "{said}"
            );
        }
    }
}
