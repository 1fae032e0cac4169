//! Whose failure it is: one key's, a lost worker's, or the whole run's.

use keyferry_core::{ErrorBody, Outcome};

use crate::Error;
use crate::batch::BatchError;
use crate::hsm::HsmError;
use crate::transfer::outcome_of;

/// What a plan's outcome is called in the record when keys of it are not done.
pub(super) const INCOMPLETE: &str = "batch-incomplete";

/// How often in a row something may fail that is not one key's own before the run stops: a dead HSM would else fail
/// ten thousand keys, one after the other.
pub(super) const IN_A_ROW: u32 = 3;

/// A failure as record, ledger and report tell it.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) body: ErrorBody,
    pub(super) outcome: Outcome,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            body: error.body(),
            outcome: outcome_of(error),
        }
    }
}

/// Whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// This key's; the others are not concerned.
    Key,
    /// The worker is gone, and what it had is to be made anew.
    Worker,
    /// Something that all keys need.
    All,
}

pub(super) fn whose(error: &Error) -> Whose {
    match error {
        Error::Hsm(error) => whose_hsm(error),
        Error::AuditUnwritable { .. }
        | Error::AuditDamaged { .. }
        | Error::OutputUnwritable { .. }
        | Error::StateUnusable { .. }
        | Error::Batch(BatchError::Manifest(_) | BatchError::Plan(_) | BatchError::Ledger(_))
        | Error::BridgeLocked
        | Error::ApprovalMismatch
        | Error::PinUnavailable { .. }
        | Error::PromptUnavailable
        | Error::ApprovalRefused
        | Error::ApprovalTimeout { .. } => Whose::All,
        #[cfg(feature = "vault")]
        Error::Vault(error) => whose_vault(error),
        #[cfg(feature = "vault")]
        Error::Unverified { source, .. } => whose(source),
        _ => Whose::Key,
    }
}

/// Whether it is of the vault that was asked, and not of what all vaults need.
#[cfg(feature = "vault")]
pub(super) fn is_a_vaults(error: &Error) -> bool {
    match error {
        Error::Vault(_) => true,
        Error::Unverified { source, .. } => is_a_vaults(source),
        _ => false,
    }
}

/// A vault that takes no key at all, or cannot be reached.
#[cfg(feature = "vault")]
fn whose_vault(error: &crate::vault::VaultError) -> Whose {
    use crate::vault::{Trouble, VaultError};
    match error {
        VaultError::Refused { trouble, .. } => match trouble {
            Trouble::TokenRefused
            | Trouble::WrongTenant
            | Trouble::NoRole
            | Trouble::NoPermission
            | Trouble::Firewall
            | Trouble::PrivateEndpoint
            | Trouble::Forbidden
            | Trouble::StandardTier
            | Trouble::Throttled
            | Trouble::ServiceFault => Whose::All,
            _ => Whose::Key,
        },
        VaultError::Answer(_) | VaultError::Differs { .. } => Whose::Key,
        _ => Whose::All,
    }
}

fn whose_hsm(error: &HsmError) -> Whose {
    match error {
        HsmError::WorkerStopped
        | HsmError::DeadlineExceeded { .. }
        | HsmError::Protocol { .. }
        | HsmError::OperationLost { .. }
        | HsmError::ModuleCrashed { .. } => Whose::Worker,
        HsmError::KeyUnknown { .. }
        | HsmError::KeyAmbiguous { .. }
        | HsmError::KeyNotTransferable { .. }
        | HsmError::UnprovenNeedless { .. }
        | HsmError::StrategyNotListed { .. }
        | HsmError::WrappedLength { .. }
        | HsmError::ModuleAnswer { .. }
        | HsmError::Panicked { .. } => Whose::Key,
        HsmError::Call(call) if !call.is_of_the_session() => Whose::Key,
        HsmError::Explained { error, .. } => whose_hsm(error),
        // A self-test that fails, too: the plan's kinds passed it, so that the token is not what it was.
        _ => Whose::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::Call;

    fn call(value: u64) -> Error {
        let call = Call {
            function: "C_WrapKey".to_owned(),
            name: String::new(),
            value,
        };
        HsmError::Call(call).into()
    }

    #[test]
    fn a_key_fails_alone_and_a_dead_device_fails_all() {
        let gone = HsmError::KeyUnknown {
            wanted: String::new(),
        };
        let failed = HsmError::SelfTestFailed {
            kind: keyferry_core::TargetKind::P256,
            proofs: Vec::new(),
        };
        // CKR_KEY_NOT_WRAPPABLE, CKR_DEVICE_ERROR.
        for (error, expected) in [
            (Error::from(gone), Whose::Key),
            (call(0x69), Whose::Key),
            (call(0x30), Whose::All),
            (HsmError::WorkerStopped.into(), Whose::Worker),
            (HsmError::TokenReplaced.into(), Whose::All),
            (failed.into(), Whose::All),
            (HsmError::PinLocked.into(), Whose::All),
            (Error::Internal("of one key"), Whose::Key),
            (Error::ApprovalMismatch, Whose::All),
        ] {
            assert_eq!(whose(&error), expected, "{error}");
        }
    }
}
