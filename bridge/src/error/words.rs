//! Each error's code, and what to do about it.

use super::Error;

impl Error {
    /// Stable kebab-case name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::Hsm(error) => error.code(),
            Self::Batch(error) => error.code(),
            #[cfg(feature = "vault")]
            Self::Vault(error) => error.code(),
            #[cfg(feature = "vault")]
            Self::Practice(error) => error.code(),
            Self::PracticeAlone { .. } => "practice-alone",
            Self::TransferUnknown => "transfer-unknown",
            Self::KekGone { .. } => "kek-gone",
            Self::NotAKek { .. } => "not-a-kek",
            Self::Unverified { .. } => "import-unverified",
            Self::TransferDamaged { .. } => "transfer-damaged",
            Self::Step { source, .. } => source.code(),
            Self::RehearsalKeysLeft { .. } => "rehearsal-keys-left",
            Self::PublicKeyDiffers { .. } => "public-key-differs",
            Self::Usage(_) => "usage",
            Self::FileUnreadable { .. } => "file-unreadable",
            Self::OutputExists { .. } => "output-exists",
            Self::OutputUnwritable { .. } => "output-unwritable",
            Self::StateUnusable { .. } => "state-unusable",
            Self::StateUnknown => "state-unknown",
            Self::ConfigInvalid { .. } => "config-invalid",
            Self::PolicyExposed { .. } => "policy-exposed",
            Self::PolicyRefused { .. } => "policy-refused",
            Self::SecondApproverRefused { .. } => "second-approver-refused",
            Self::SecretUnfit { .. } => "secret-unfit",
            Self::PinUnavailable { .. } => "pin-unavailable",
            Self::PinFileExposed { .. } => "pin-file-exposed",
            Self::SoftwareKeyRefused { .. } => "software-key-refused",
            Self::PracticeKeyRefused { .. } => "practice-key-refused",
            Self::KekMismatch { .. } => "kek-mismatch",
            Self::AttestationRefused { .. } => "attestation-refused",
            Self::NothingToPin => "nothing-to-pin",
            Self::ApprovalRefused => "approval-refused",
            Self::ApprovalTimeout { .. } => "approval-timeout",
            Self::Interrupted => "interrupted",
            Self::ApprovalMismatch => "approval-mismatch",
            Self::BridgeLocked => "bridge-locked",
            Self::PromptUnavailable => "prompt-unavailable",
            Self::PromptFailed(_) => "prompt-failed",
            Self::AuditUnwritable { .. } => "audit-unwritable",
            Self::AuditDamaged { .. } => "audit-damaged",
            Self::RecordLineUnknown { .. } => "record-line-unknown",
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
            Self::Batch(error) => error.advice(),
            #[cfg(feature = "vault")]
            Self::Vault(error) => error.advice(),
            #[cfg(feature = "vault")]
            Self::Practice(error) => error.advice(),
            Self::Step { left, source, .. } => format!("{} {left}", source.advice()),
            Self::Unverified { source, .. } => format!(
                "The key is in the vault. {} Then import nothing again: verify by signing once with the key.",
                source.advice()
            ),
            Self::AttestationRefused { finding } => {
                format!("Nothing was wrapped ({}). {}", finding.code, finding.advice)
            }
            Self::PolicyRefused { path, .. } => {
                format!("Nothing was wrapped. The policy {path} decides; ask whoever keeps it.")
            }
            Self::SecondApproverRefused { path, .. } => format!(
                "Nothing was wrapped. The policy {path} wants two persons: run it again when both are here."
            ),
            Self::AuditDamaged { path, .. } => format!(
                "Nothing was wrapped. `keyferry audit verify` says which line of {path} does not hold; find out who edited it, and move the audit folder aside to begin a new record."
            ),
            other => other.fixed_advice().to_owned(),
        }
    }

    fn fixed_advice(&self) -> &'static str {
        match self {
            Self::KekGone { .. } => {
                "Without its KEK nobody can open the file. Recover the KEK if it was deleted (`az keyvault key recover`), or wrap the key again to a KEK that is there."
            }
            Self::TransferDamaged { .. } => {
                "Begin the transfer anew; what an earlier one left in the vault bears the tag keyferry-transfer."
            }
            Self::NotAKek { .. } => {
                "Only a key that can import and nothing else is retired here. Other keys: `az keyvault key set-attributes --enabled false`."
            }
            Self::RehearsalKeysLeft { .. } => {
                "They protect nothing. Destroy them with the HSM's own tools, by these labels."
            }
            Self::PublicKeyDiffers { .. } => {
                "Do not use the imported key. Report it with the token's name, model and firmware."
            }
            Self::PracticeAlone { .. } => {
                "Start `keyferry serve` for a real vault; a demonstration connects to nothing but its own."
            }
            Self::TransferUnknown => {
                "Save the file and import it with `keyferry vault import FILE`, or wrap the key again."
            }
            Self::PolicyExposed { .. } => {
                "Give file and folder to root, or with --policy to yourself, and take the right to write from everyone else."
            }
            Self::NothingToPin => {
                "Hardware and key must verify, with the KEK's identifier, and the file must hold the owner's certificate: `keyferry attest FILE` says what is missing."
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
            Self::SecretUnfit { .. } => {
                "Take a long one that nobody can guess, and type the same twice: the policy with its hash can be read by others."
            }
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
            Self::RecordLineUnknown { .. } => {
                "Look at the record again; verify it if the line was there before."
            }
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
}
