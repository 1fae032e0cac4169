//! What one event records.

use crate::{
    AttestationVerdict, HardwareVerdict, KeyVerdict, PoolVerdict, SelfTest, Strategy, TargetKind,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum AuditEvent {
    /// A wrap is about to be done: on disk before the token is asked.
    WrapIntent,
    /// How that wrap ended: on disk before the answer leaves.
    WrapOutcome,
    /// A plan of many keys was approved, and its wraps are about to begin: the intent of each of them.
    PlanIntent,
    /// How a run of that plan ended.
    PlanOutcome,
    /// A KEK is about to be made in a vault.
    KekCreateIntent,
    /// How that ended.
    KekCreateOutcome,
    /// A file is about to be imported into a vault.
    ImportIntent,
    /// How that ended.
    ImportOutcome,
    /// An imported key was compared with the HSM's.
    Verify,
    /// A KEK is about to be disabled or deleted.
    KekRetireIntent,
    /// How that ended.
    KekRetireOutcome,
    /// A key was made, or was not.
    Keygen,
    /// A key that a rehearsal made was destroyed, or was not.
    KeyDestroy,
    /// The bridge was unlocked, or was not.
    Unlock,
    /// The token was locked: the user logged out, the PIN wiped.
    Lock,
    /// A self-test put disposable keys on the token, since it takes no session objects.
    SelfTest,
    /// The owner certificate of a pool was pinned, or was not.
    PoolPinned,
    /// The bridge began to serve.
    ServeStart,
    /// Whole, chain-valid lines beyond the head file, which a crash left there, were taken up.
    LineTakenUp,
    /// A torn line beyond the head file was set aside.
    LineSetAside,
    /// The head file was absent or torn, and was made anew from the chain.
    HeadRemade,
}

impl AuditEvent {
    /// Every event, in the order of a key's way.
    pub const ALL: [Self; 21] = [
        Self::PlanIntent,
        Self::PlanOutcome,
        Self::WrapIntent,
        Self::WrapOutcome,
        Self::KekCreateIntent,
        Self::KekCreateOutcome,
        Self::ImportIntent,
        Self::ImportOutcome,
        Self::Verify,
        Self::KekRetireIntent,
        Self::KekRetireOutcome,
        Self::Keygen,
        Self::KeyDestroy,
        Self::Unlock,
        Self::Lock,
        Self::SelfTest,
        Self::PoolPinned,
        Self::ServeStart,
        Self::LineTakenUp,
        Self::LineSetAside,
        Self::HeadRemade,
    ];

    /// The name in a line.
    pub fn name(self) -> &'static str {
        match self {
            Self::PlanIntent => "plan-intent",
            Self::PlanOutcome => "plan-outcome",
            Self::WrapIntent => "wrap-intent",
            Self::WrapOutcome => "wrap-outcome",
            Self::KekCreateIntent => "kek-create-intent",
            Self::KekCreateOutcome => "kek-create-outcome",
            Self::ImportIntent => "import-intent",
            Self::ImportOutcome => "import-outcome",
            Self::Verify => "verify",
            Self::KekRetireIntent => "kek-retire-intent",
            Self::KekRetireOutcome => "kek-retire-outcome",
            Self::Keygen => "keygen",
            Self::KeyDestroy => "key-destroy",
            Self::Unlock => "unlock",
            Self::Lock => "lock",
            Self::SelfTest => "self-test",
            Self::PoolPinned => "pool-pinned",
            Self::ServeStart => "serve-start",
            Self::LineTakenUp => "line-taken-up",
            Self::LineSetAside => "line-set-aside",
            Self::HeadRemade => "head-remade",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Not yet known: an intent.
    Intended,
    /// Done.
    Done,
    /// The user or a rule said no.
    Refused,
    /// It was tried and failed.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Intended, Self::Done, Self::Refused, Self::Failed];

    /// The name in a line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum Requester {
    /// The page.
    Page,
    /// The command line.
    CommandLine,
    /// `keyferry demo`.
    Demo,
    /// The bridge itself.
    Bridge,
}

/// How consent was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalKind {
    /// In the terminal.
    Terminal,
    /// In a pinentry window.
    Pinentry,
    /// By `--yes` or a matching `--expect-kek`.
    ByFlag,
    /// By a policy's match.
    Policy,
    /// By a rehearsal with keys and a KEK that it made itself.
    Practice,
}

/// The content of a line. Members that do not apply stay null. Foreign text goes in as it is:
/// JSON escapes what a terminal would act on only in part, so readers show it through
/// [`crate::visible`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// What happened.
    pub event: AuditEvent,
    /// How it ended.
    pub outcome: Outcome,
    /// The error's code, when it did not end well; `unproven-strategy` where the wrap rests on no
    /// self-test.
    pub code: Option<String>,
    /// `CK_TOKEN_INFO.serialNumber`.
    pub token_serial: Option<String>,
    /// Firmware, `X.Y`.
    pub token_firmware: Option<String>,
    /// `CKA_LABEL` of the key.
    pub key_label: Option<String>,
    /// `CKA_ID` of the key, hexadecimal.
    pub key_id: Option<String>,
    /// What kind of key.
    pub target: Option<TargetKind>,
    /// SHA-256 of the KEK's SubjectPublicKeyInfo, hexadecimal.
    pub kek_thumbprint_sha256: Option<String>,
    /// The KEK's identifier.
    pub kid: Option<String>,
    /// How it was wrapped.
    pub strategy: Option<Strategy>,
    /// What the self-test said of that.
    pub self_test: Option<SelfTest>,
    /// SHA-256 of the ciphertext's bytes (not of the file: the page makes the file after the
    /// answer), hexadecimal.
    pub ciphertext_sha256: Option<String>,
    /// SHA-256 of the `.byok` file, hexadecimal.
    // Later members are left out where they do not apply: lines that were written before them keep
    // their hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_sha256: Option<String>,
    /// Identifier of the key in the vault: of the imported key, or of the KEK that was made or retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault_kid: Option<String>,
    /// How the vault was signed in to; never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// What was done to a KEK that is retired: `disable` or `delete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retirement: Option<String>,
    /// What was verified, as `PUBLIC/PRIVATE` (core's `Verification`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
    /// Who asked.
    pub asked_by: Requester,
    /// How consent was given.
    pub approval: Option<ApprovalKind>,
    /// What the KEK's attestation showed, where one was looked at. Left out of lines without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<AttestationOutcome>,
    /// SHA-256 of a pool's owner certificate, hexadecimal. Left out of lines without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_fingerprint_sha256: Option<String>,
    /// The second approver's name, where a policy's rule wanted one; several, with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_approver: Option<String>,
    /// How many lines were taken up. Left out of all other lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// SHA-256 of the plan that a wrap or an import belongs to, hexadecimal. Left out of lines of no plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_sha256: Option<String>,
    /// Of a plan's intent: how many keys it names; of its outcome: how many are done. Left out elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_keys: Option<u64>,
}

/// The three results of an attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct AttestationOutcome {
    /// Whether the statement comes from genuine hardware.
    pub hardware: HardwareVerdict,
    /// Whether the KEK was made in it and cannot leave it.
    pub key: KeyVerdict,
    /// Whether the pool is the user's.
    pub pool: PoolVerdict,
}

impl fmt::Display for AttestationOutcome {
    /// The three results in one line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.hardware {
            HardwareVerdict::Genuine => "genuine hardware",
            HardwareVerdict::Refused => "hardware REFUSED",
            HardwareVerdict::NotAvailable => {
                return formatter.write_str("no attestation available");
            }
        })?;
        formatter.write_str(match self.key {
            KeyVerdict::MadeInside => ", KEK made inside",
            KeyVerdict::Refused => ", KEK REFUSED",
            KeyVerdict::NotChecked => ", KEK not checked",
        })?;
        formatter.write_str(match self.pool {
            PoolVerdict::Pinned => ", pool pinned",
            PoolVerdict::Mismatch => ", ANOTHER POOL",
            PoolVerdict::NotVerified => ", pool NOT VERIFIED",
        })
    }
}

impl From<&AttestationVerdict> for AttestationOutcome {
    fn from(verdict: &AttestationVerdict) -> Self {
        Self {
            hardware: verdict.hardware.verdict,
            key: verdict.key.verdict,
            pool: verdict.pool.verdict,
        }
    }
}

impl AuditEntry {
    /// An entry with nothing but its event, outcome and requester.
    pub fn new(event: AuditEvent, outcome: Outcome, asked_by: Requester) -> Self {
        Self {
            event,
            outcome,
            code: None,
            token_serial: None,
            token_firmware: None,
            key_label: None,
            key_id: None,
            target: None,
            kek_thumbprint_sha256: None,
            kid: None,
            strategy: None,
            self_test: None,
            ciphertext_sha256: None,
            file_sha256: None,
            vault_kid: None,
            credential: None,
            retirement: None,
            verified: None,
            asked_by,
            approval: None,
            attestation: None,
            pool_fingerprint_sha256: None,
            second_approver: None,
            lines: None,
            plan_sha256: None,
            plan_keys: None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_lines_and_none_is_left_out() {
        for event in AuditEvent::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.name());
        }
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
        }
        // The derive lists every variant when it is given none of them.
        let refused = serde_json::from_str::<AuditEvent>("\"\"")
            .unwrap_err()
            .to_string();
        assert_eq!(
            refused.matches('`').count() / 2 - 1,
            AuditEvent::ALL.len(),
            "{refused}"
        );
    }
}
