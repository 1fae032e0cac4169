//! What can go wrong in the bridge: a stable code, what happened, what to do.
//!
//! Errors of core and of the HSM keep their own codes; what is here belongs to files, prompts, consent
//! and the record.

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
    /// The practice vault, or the client that speaks to a vault.
    #[cfg(feature = "vault")]
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    /// The practice vault itself.
    #[cfg(feature = "vault")]
    #[error(transparent)]
    Practice(#[from] crate::vault::practice::PracticeError),
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
    #[error("stopped before the file was written")]
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
    /// Stable kebab-case name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::Hsm(error) => error.code(),
            #[cfg(feature = "vault")]
            Self::Vault(error) => error.code(),
            #[cfg(feature = "vault")]
            Self::Practice(error) => error.code(),
            Self::PublicKeyDiffers { .. } => "public-key-differs",
            Self::Usage(_) => "usage",
            Self::FileUnreadable { .. } => "file-unreadable",
            Self::OutputExists { .. } => "output-exists",
            Self::OutputUnwritable { .. } => "output-unwritable",
            Self::StateUnusable { .. } => "state-unusable",
            Self::StateUnknown => "state-unknown",
            Self::ConfigInvalid { .. } => "config-invalid",
            Self::PinUnavailable { .. } => "pin-unavailable",
            Self::PinFileExposed { .. } => "pin-file-exposed",
            Self::SoftwareKeyRefused { .. } => "software-key-refused",
            Self::PracticeKeyRefused { .. } => "practice-key-refused",
            Self::KekMismatch { .. } => "kek-mismatch",
            Self::ApprovalRefused => "approval-refused",
            Self::ApprovalTimeout { .. } => "approval-timeout",
            Self::Interrupted => "interrupted",
            Self::ApprovalMismatch => "approval-mismatch",
            Self::BridgeLocked => "bridge-locked",
            Self::PromptUnavailable => "prompt-unavailable",
            Self::PromptFailed(_) => "prompt-failed",
            Self::AuditUnwritable { .. } => "audit-unwritable",
            Self::AuditDamaged { .. } => "audit-damaged",
            Self::ListenNotLoopback { .. } => "listen-not-loopback",
            Self::ListenFailed { .. } => "listen-failed",
            Self::System { .. } => "system",
            Self::Internal(_) => "internal",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Core(error) => error.advice(),
            Self::Hsm(error) => error.advice(),
            #[cfg(feature = "vault")]
            Self::Vault(error) => error.advice(),
            #[cfg(feature = "vault")]
            Self::Practice(error) => error.advice(),
            Self::AuditDamaged { path, .. } => format!(
                "Nothing was wrapped. Find out who edited {path}; move the audit folder aside to begin a new record."
            ),
            other => other.fixed_advice().to_owned(),
        }
    }

    fn fixed_advice(&self) -> &'static str {
        match self {
            Self::PublicKeyDiffers { .. } => {
                "Do not use the imported key. Report it with the token's name, model and firmware."
            }
            Self::Usage(_) => "Run keyferry --help, or keyferry VERB --help.",
            Self::FileUnreadable { .. } => "Check the path and its permissions.",
            Self::OutputExists { .. } => "Choose another name, or say --force to replace it.",
            Self::OutputUnwritable { .. } => {
                "Nothing was left behind. Choose a folder that you may write to and that has room."
            }
            Self::StateUnusable { .. } => "Give a folder of your own with --state DIR.",
            Self::StateUnknown => "Give a folder with --state DIR.",
            Self::ConfigInvalid { .. } => "Correct the file, or remove it to use the defaults.",
            Self::PinUnavailable { .. } => {
                "Say where the PIN comes from: --pin-source prompt, pinentry, env:NAME, file:PATH, fd:N or protected."
            }
            Self::PinFileExposed { .. } => {
                "Make it yours alone (chmod 600), and change the PIN if others could read it."
            }
            Self::SoftwareKeyRefused { .. } => {
                "Use a key of an HSM. If a software key is what you want, say so with --software-token."
            }
            Self::PracticeKeyRefused { .. } => {
                "Only keys of the embedded software token practise; real keys go to real vaults."
            }
            Self::KekMismatch { .. } => {
                "Nothing was wrapped. Compare with the vault: someone may have given you another KEK."
            }
            Self::ApprovalRefused => "Nothing was wrapped. Run it again to be asked again.",
            Self::ApprovalTimeout { .. } => {
                "No answer counts as no. Run it again, and answer the prompt."
            }
            Self::Interrupted => "Nothing was left behind. Run it again when you are ready.",
            Self::ApprovalMismatch => {
                "Nothing was wrapped. Ask for the approval of exactly this transfer."
            }
            Self::BridgeLocked => "Stop the bridge and start it again.",
            Self::PromptUnavailable => {
                "Run it in a terminal, or install pinentry. A script says --yes or --expect-kek, and --pin-source."
            }
            Self::PromptFailed(_) => "Check the pinentry program, or run it in a terminal.",
            Self::AuditUnwritable { .. } => {
                "Nothing was wrapped. Make room, or make the audit folder writable."
            }
            Self::ListenNotLoopback { .. } => {
                "The bridge serves this machine only: use 127.0.0.1:PORT or [::1]:PORT."
            }
            Self::ListenFailed { .. } => "Use another port; 0 lets the system choose.",
            Self::System { .. } => "Try again; if it stays, check the machine's resources.",
            Self::Internal(_) => {
                "This is a defect of Keyferry; report it with the steps that led here."
            }
            _ => "",
        }
    }

    /// The process's exit code: 2 for wrong usage, 1 for all else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
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
