//! What can go wrong in the bridge: a stable code, what happened, what to do.
//!
//! Errors of core and of the HSM keep their own codes; what is here belongs to files, prompts, consent
//! and the record.

mod words;

use std::io;
use std::path::PathBuf;

use keyferry_core::ErrorBody;

use crate::hsm::HsmError;

/// Why the bridge refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule of core: a KEK, a key identifier, a blob.
    #[error(transparent)]
    Core(#[from] keyferry_core::Error),
    /// The token or its module.
    #[error(transparent)]
    Hsm(#[from] HsmError),
    /// A batch's manifest, plan or ledger.
    #[error(transparent)]
    Batch(#[from] crate::batch::BatchError),
    /// The practice vault, or the client that speaks to a vault.
    #[cfg(feature = "vault")]
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    /// The practice vault itself.
    #[cfg(feature = "vault")]
    #[error(transparent)]
    Practice(#[from] crate::vault::practice::PracticeError),
    /// A demonstration was asked to connect to a real vault.
    #[error("this run is a demonstration, and {vault} is not its practice vault")]
    PracticeAlone {
        /// The vault's address.
        vault: String,
    },
    /// A file was to be imported that this run did not wrap.
    #[error("this run of the bridge did not wrap this file")]
    TransferUnknown,
    /// The KEK that a file was made for is no longer in the vault.
    #[error("the KEK that the file was made for, {kid}, is not in the vault")]
    KekGone {
        /// Its identifier.
        kid: String,
    },
    /// A key that was to be retired as a KEK is none.
    #[error("{kid} is no KEK: its operations are not import alone")]
    NotAKek {
        /// Its identifier.
        kid: String,
    },
    /// A key was imported, and the comparison could not be made.
    #[error("imported as {kid}, but not verified: {source}")]
    Unverified {
        /// The imported key.
        kid: String,
        /// Why.
        source: Box<Error>,
    },
    /// The state file of a transfer.
    #[error("{path} is no state file of a transfer: {reason}")]
    TransferDamaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A step of a transfer failed; what was done before it stays.
    #[error("the transfer stopped at the step '{step}': {source}")]
    Step {
        /// Which.
        step: &'static str,
        /// What is left where, and how to go on.
        left: String,
        /// Why.
        source: Box<Error>,
    },
    /// Keys that a rehearsal made may still be on the token.
    #[error("these keys of the rehearsal could not be destroyed: {labels} ({reason})")]
    RehearsalKeysLeft {
        /// Their labels.
        labels: String,
        /// What the token said of the first.
        reason: String,
    },
    /// What the vault opened is not what the token holds.
    #[error("the vault's public key of {label} is not the token's")]
    PublicKeyDiffers {
        /// The key's label.
        label: String,
    },
    /// The command line asks for something that does not exist or does not fit together.
    #[error("{0}")]
    Usage(String),
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    FileUnreadable {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The destination exists already.
    #[error("{path} exists already")]
    OutputExists {
        /// The file.
        path: String,
    },
    /// The destination could not be written; nothing of it was left behind.
    #[error("cannot write {path}: {source}")]
    OutputUnwritable {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The state folder cannot be used.
    #[error("cannot use the state folder {path}: {source}")]
    StateUnusable {
        /// The folder or the file in it.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The system names no data folder, and none was given.
    #[error("this account has no data folder")]
    StateUnknown,
    /// `config.toml` of the state folder.
    #[error("{path} is not a valid settings file: {reason}")]
    ConfigInvalid {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A policy file that others can write.
    #[error("the policy {path} could have been changed by others")]
    PolicyExposed {
        /// The file.
        path: String,
    },
    /// A policy says no.
    #[error("the policy's rule {rule} says no: {why}")]
    PolicyRefused {
        /// The policy's file.
        path: String,
        /// The rule.
        rule: String,
        /// What it says no to.
        why: String,
    },
    /// A policy's rule wants a second person, who did not say yes.
    #[error("the policy's rule {rule} wants a second approver ({approvers}): {why}")]
    SecondApproverRefused {
        /// The policy's file.
        path: String,
        /// The rule.
        rule: String,
        /// Whom it takes.
        approvers: String,
        /// What became of it.
        why: String,
    },
    /// A secret that an approver is to be known by.
    #[error("this secret cannot be an approver's: {why}")]
    SecretUnfit {
        /// Why.
        why: &'static str,
    },
    /// The PIN's source gave nothing usable.
    #[error("no PIN from {from}: {reason}")]
    PinUnavailable {
        /// The source, as given.
        from: String,
        /// Why.
        reason: String,
    },
    /// The PIN's file can be read by others.
    #[error("the PIN file {path} can be read by other accounts")]
    PinFileExposed {
        /// The file.
        path: String,
    },
    /// A key of a software token was to go to a real vault.
    #[error("{label} is a key of a software token, and {kid} is not a practice vault")]
    SoftwareKeyRefused {
        /// The key's label.
        label: String,
        /// The KEK's identifier.
        kid: String,
    },
    /// A key of another token was to go to a practice vault.
    #[error("{label} is not a key of the embedded practice token, and {kid} is a practice vault")]
    PracticeKeyRefused {
        /// The key's label.
        label: String,
        /// The KEK's identifier.
        kid: String,
    },
    /// The KEK is not the one that was expected.
    #[error("this KEK has the thumbprint {actual}, not {expected}")]
    KekMismatch {
        /// Thumbprint of the KEK that was given.
        actual: String,
        /// Thumbprint that was asked for.
        expected: String,
    },
    /// The KEK's attestation does not hold.
    #[error("the KEK's attestation is refused: {}", finding.message)]
    AttestationRefused {
        /// Why.
        finding: Box<keyferry_core::Finding>,
    },
    /// An attestation does not hold, or names no owner, so there is nothing to keep.
    #[error("this attestation shows no pool that could be pinned")]
    NothingToPin,
    /// The person said no.
    #[error("refused at the prompt")]
    ApprovalRefused,
    /// Nobody answered in time.
    #[error("nobody answered the prompt within {seconds} seconds")]
    ApprovalTimeout {
        /// How long it was shown.
        seconds: u64,
    },
    /// The user stopped the command.
    #[error("stopped before it was done")]
    Interrupted,
    /// An approval was given for something else.
    #[error("the approval was given for another key or KEK")]
    ApprovalMismatch,
    /// Too many refusals.
    #[error("the bridge is locked after three refusals")]
    BridgeLocked,
    /// There is no place to ask.
    #[error("there is no terminal and no pinentry to ask at")]
    PromptUnavailable,
    /// The prompt itself broke.
    #[error("the prompt failed: {0}")]
    PromptFailed(String),
    /// The record could not be written; what needed it did not happen.
    #[error("cannot write the record {path}: {source}")]
    AuditUnwritable {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The record does not fit together.
    #[error("the record {path} is damaged: {reason}")]
    AuditDamaged {
        /// The file.
        path: String,
        /// What does not fit.
        reason: String,
    },
    /// A line of the record was asked for that is not there.
    #[error("the record has no line {seq}")]
    RecordLineUnknown {
        /// Its number.
        seq: u64,
    },
    /// The address to listen on is not this machine's own.
    #[error("{address} is not a loopback address")]
    ListenNotLoopback {
        /// The address.
        address: String,
    },
    /// The address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    ListenFailed {
        /// The address.
        address: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A part of the system failed that no input explains.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The parts of this program disagree.
    #[error("{0}")]
    Internal(&'static str),
}

impl Error {
    /// The process's exit code: 2 for wrong usage, 1 for all else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Step { source, .. } => source.exit_code(),
            _ => 1,
        }
    }

    /// The error as it crosses a boundary.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            code: self.code().to_owned(),
            message: self.to_string(),
            advice: self.advice(),
        }
    }

    /// A file that could not be read.
    pub(crate) fn unreadable(path: &std::path::Path, source: io::Error) -> Self {
        Self::FileUnreadable {
            path: shown(path),
            source,
        }
    }

    /// A folder or file of the state that could not be used.
    pub(crate) fn state(path: &std::path::Path, source: io::Error) -> Self {
        Self::StateUnusable {
            path: shown(path),
            source,
        }
    }
}

/// A path as it is shown: foreign characters made visible.
pub(crate) fn shown(path: impl Into<PathBuf>) -> String {
    keyferry_core::visible(&path.into().to_string_lossy())
}
