//! What page and bridge say to each other: JSON, members in snake_case, bytes in base64 or
//! base64url as noted. Nothing here carries a secret.

mod batch;
mod record;
mod vault;

pub use batch::{
    PlanAnswer, PlanFailure, PlanGoes, PlanOrder, PlanRun, PlanState, PlanStatus, PlanStays,
    PlannedKey, PlansAnswer,
};
pub use record::{RecordAnswer, RecordPage, RecordPageQuery, RecordQuery};
pub use vault::{
    ImportStage, Retirement, RetirementAnswer, RetirementOrder, VaultAccess, VaultImportAnswer,
    VaultImportEvent, VaultImportOrder, VaultKek, VaultKekOrder, VaultKekQuery, VaultKeyInfo,
    VaultKeysAnswer, VaultQuery,
};

use crate::{AttestationOutcome, ErrorBody, Finding, SelfTest, Strategy, TargetKind};
use serde::{Deserialize, Serialize};

/// A token, as it names itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct TokenInfo {
    /// `CK_TOKEN_INFO.label`, without padding.
    pub label: String,
    /// `CK_TOKEN_INFO.manufacturerID`.
    pub manufacturer: String,
    /// `CK_TOKEN_INFO.model`.
    pub model: String,
    /// `CK_TOKEN_INFO.serialNumber`.
    pub serial: String,
    /// `X.Y`.
    pub firmware: String,
    /// True for the embedded software token.
    pub software: bool,
}

/// Why a key cannot travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct Reason {
    /// Stable kebab-case name.
    pub code: String,
    /// What stands in the way.
    pub message: String,
    /// What to do.
    pub advice: String,
}

/// A private or secret key in the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct KeyInfo {
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, lower-case hexadecimal.
    pub id: String,
    /// A [`TargetKind`]'s name, or what the key is when it is none of them.
    pub kind: String,
    /// True when nothing known stands in the way.
    pub transferable: bool,
    /// Why not; empty when `transferable`.
    pub reasons: Vec<Reason>,
    /// SubjectPublicKeyInfo DER in standard base64; null for AES and when unknown.
    pub spki: Option<String>,
}

/// Answer of `GET /v1/keys`, and of the `keys` verb.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct KeysAnswer {
    /// The token.
    pub token: TokenInfo,
    /// Its keys.
    pub keys: Vec<KeyInfo>,
}

/// How a token wants its login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum LoginWay {
    /// A PIN given to the bridge natively.
    Pin,
    /// The token's own PIN pad (`CKF_PROTECTED_AUTHENTICATION_PATH`).
    PinPad,
}

/// Where the bridge asks its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum PromptWay {
    /// In the terminal it was started from.
    Terminal,
    /// In a pinentry window.
    Pinentry,
    /// Nowhere: the bridge stays locked.
    None,
}

/// The practice vault of this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct PracticeInfo {
    /// `HOST:PORT`.
    pub authority: String,
    /// What `az keyvault key show -o json` would print for its KEK; null when this run made none.
    pub kek: Option<String>,
}

/// A PKCS#11 library that is installed on this machine. Offered, never loaded by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct ModuleOffer {
    /// The vendor profile's name, for `--profile`.
    pub profile: String,
    /// What it belongs to, such as "Luna client".
    pub name: String,
    /// Where it is, for `--module`.
    pub path: String,
    /// True for a software token's library.
    pub software: bool,
}

/// Answer of `GET /v1/session` and `POST /v1/unlock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct SessionInfo {
    /// The bridge's version.
    pub version: String,
    /// The token, once it is open.
    pub token: Option<TokenInfo>,
    /// True once logged in.
    pub unlocked: bool,
    /// How the token wants its login.
    pub login: LoginWay,
    /// Where the bridge asks.
    pub prompt: PromptWay,
    /// True when keys of the embedded token may go to a real vault.
    pub software_token_allowed: bool,
    /// The practice vault, when one runs.
    pub practice: Option<PracticeInfo>,
    /// Libraries found on this machine; empty when one was chosen.
    pub offers: Vec<ModuleOffer>,
    /// Whether vaults are spoken to.
    pub vault: VaultAccess,
}

/// Body of `POST /v1/keys`; answered by a [`KeyInfo`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct KeygenOrder {
    /// What to make.
    pub kind: TargetKind,
    /// `CKA_LABEL` of the new key.
    pub label: String,
}

/// Which key: by label, by id, or by both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct KeySelector {
    /// `CKA_LABEL`.
    #[serde(default)]
    pub label: Option<String>,
    /// `CKA_ID`, hexadecimal.
    #[serde(default)]
    pub id: Option<String>,
}

/// Body of `POST /v1/wraps`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct WrapOrder {
    /// 32 hexadecimal digits, made by the page; the answer must echo it.
    pub request_id: String,
    /// The KEK document's bytes, standard base64: the bridge examines them again.
    pub kek: String,
    /// The kid given beside the document.
    #[serde(default)]
    pub kid: Option<String>,
    /// The thumbprint that the page showed.
    pub kek_thumbprint_sha256: String,
    /// The key to wrap.
    pub key: KeySelector,
    /// The KEK's attestation, the file's bytes in standard base64: the bridge verifies it again.
    #[serde(default)]
    pub attestation: Option<String>,
}

/// Where a wrap stands in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct WrapRecord {
    /// Sequence number of the outcome line.
    pub seq: u64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
}

/// The result of a wrap. The page makes the file from it, with the kid that it checked itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct WrapAnswer {
    /// Echo of the order's.
    pub request_id: String,
    /// The KEK that was wrapped to.
    pub kek_thumbprint_sha256: String,
    /// Its identifier.
    pub kid: String,
    /// What was wrapped.
    pub target: TargetKind,
    /// How.
    pub strategy: Strategy,
    /// What the self-test said of that.
    pub self_test: SelfTest,
    /// What the bridge found the KEK's attestation to show, where one was sent.
    pub attestation: Option<AttestationOutcome>,
    /// Lengths in bytes of the ciphertext's second part that the self-test opened for this kind on
    /// this token: a length outside the table counts only when it is one of these.
    pub proven_lengths: Vec<usize>,
    /// Base64url without padding.
    pub ciphertext: String,
    /// For the blob's `generator`.
    pub generator: String,
    /// True when the key came from the embedded software token.
    pub software: bool,
    /// The target's SubjectPublicKeyInfo DER in standard base64.
    pub spki: Option<String>,
    /// The outcome line in the audit log.
    pub audit: WrapRecord,
    /// What to know about this transfer.
    pub findings: Vec<Finding>,
}

/// How far a wrap has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// KEK and key are examined.
    Checking,
    /// The user is asked for the PIN.
    Unlocking,
    /// The token's strategies are proven.
    SelfTesting,
    /// The user is asked for approval.
    Approving,
    /// A second person is asked, where the bridge's policy wants one.
    SecondApproving,
    /// The intent goes to disk.
    Recording,
    /// The token wraps.
    Wrapping,
}

/// One line of the answer of `POST /v1/wraps`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum WrapEvent {
    /// A stage has begun.
    Stage {
        /// Which.
        stage: Stage,
    },
    /// The wrap is done.
    Done {
        /// Its result.
        answer: Box<WrapAnswer>,
    },
    /// The wrap was refused or failed.
    Failed {
        /// Why.
        error: ErrorBody,
    },
}
