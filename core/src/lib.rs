//! Keyferry's core: what a key exchange key (KEK) must be, what a key transfer blob looks like,
//! and how both are checked. Pure: no I/O, no clock, no randomness; the same code runs natively
//! and as WebAssembly in the page.
//!
//! Values that matter ([`KeyId`], [`Kek`], [`Ciphertext`], [`Blob`]) can only be made by parsing,
//! so an unchecked one cannot be named.

mod attestation;
mod audit;
mod base64;
mod blob;
mod error;
mod finding;
mod hex;
mod html;
mod import;
mod json;
mod kek;
mod key_id;
mod receipt;
mod receipt_page;
mod target;
mod verification;
mod visible;
mod wire;
mod wrap;

#[cfg(fuzzing)]
pub use attestation::fuzz_attestation_parts;
pub use attestation::{
    AttestationSource, AttestationVerdict, AttestedKek, HardwareResult, HardwareVerdict, KeyResult,
    KeyVerdict, MAX_ATTESTATION, OwnerFingerprint, PoolResult, PoolVerdict, TrustedRoots,
    verify_attestation,
};
pub use audit::{
    Anchors, ApprovalKind, AttestationOutcome, AuditEntry, AuditError, AuditEvent, AuditFilter,
    AuditFinding, AuditHash, AuditHead, AuditLine, AuditVerdict, ChainWalk, HeadSeen,
    MAX_AUDIT_LINE, Outcome, Place, ReceiptSeen, Requester, Trouble, WalkedFile, chain,
    verify_chain, verify_line,
};
pub use base64::{from_base64url, to_base64, to_base64url};
pub use blob::{Blob, Generator, Inspection, MAX_BLOB, Reading, file_name, inspect};
pub use error::{Error, ErrorBody};
pub use finding::{Finding, Severity};
pub use hex::to_hex;
pub use html::html_text;
pub use import::{
    Attributes, ImportCommands, ImportPlan, ImportType, ImportWishes, KeyOperation,
    MAX_RELEASE_POLICY, MAX_TAGS, RestCall, check_file, import_body, import_commands,
    kek_creation_command, thumbprint_command,
};
pub use kek::{
    Examination, Kek, KekBits, KekSource, KekVerdict, MAX_KEK_DOCUMENT, PublicNumbers, Thumbprint,
};
pub use key_id::{
    Admission, KeyId, KeyName, Kid, KidProblem, PracticeAuthority, PracticeKeyId, Service, Suffix,
    VaultAddress,
};
pub use receipt::{ImportRecord, MAX_RECEIPT, Receipt, RecordPlace, receipt_name};
pub use receipt_page::{line_page, receipt_page, receipt_page_name};
pub use target::{Curve, Family, TargetKind};
pub use verification::{PrivateKeyCheck, PublicKeyCheck, Verification};
pub use visible::visible;
pub use wire::{
    ImportStage, KeyInfo, KeySelector, KeygenOrder, KeysAnswer, LoginWay, ModuleOffer, PlanAnswer,
    PlanFailure, PlanGoes, PlanOrder, PlanRun, PlanState, PlanStatus, PlanStays, PlannedKey,
    PlansAnswer, PracticeInfo, PromptWay, Reason, RecordAnswer, RecordPage, RecordPageQuery,
    RecordQuery, Retirement, RetirementAnswer, RetirementOrder, SessionInfo, Stage, TokenInfo,
    VaultAccess, VaultImportAnswer, VaultImportEvent, VaultImportOrder, VaultKek, VaultKekOrder,
    VaultKekQuery, VaultKeyInfo, VaultKeysAnswer, VaultQuery, WrapAnswer, WrapEvent, WrapOrder,
    WrapRecord,
};
pub use wrap::{Ciphertext, Envelope, OaepHash, SelfTest, Strategy};
