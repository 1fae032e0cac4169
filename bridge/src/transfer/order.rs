//! What goes into a transfer and what comes out of it.

use keyferry_core::{
    AttestationOutcome, AuditLine, Blob, Finding, Generator, Kek, KeySelector, Requester, SelfTest,
    Strategy, TargetKind, TokenInfo,
};

use crate::config::SoftwareKeys;

/// What is to be wrapped to what, and who asks.
#[derive(Debug)]
pub struct TransferOrder {
    /// The KEK, examined.
    pub kek: Kek,
    /// The key.
    pub key: KeySelector,
    /// Who asks.
    pub asked_by: Requester,
    /// Whether software keys may go to a real vault.
    pub software: SoftwareKeys,
    /// The strategy to use although no self-test proves it (`--unproven`); asked for natively.
    pub unproven: Option<Strategy>,
    /// The KEK's attestation, as the file holds it; verified here.
    pub attestation: Option<Vec<u8>>,
}

/// A key, wrapped.
#[derive(Debug)]
pub struct Transfer {
    /// The file to import.
    pub blob: Blob,
    /// The key's label.
    pub label: String,
    /// What was wrapped.
    pub target: TargetKind,
    /// How.
    pub strategy: Strategy,
    /// What the self-test said of that.
    pub self_test: SelfTest,
    /// What the KEK's attestation showed, where one was given.
    pub attestation: Option<AttestationOutcome>,
    /// Lengths of the second part that the self-test opened for this kind.
    pub proven_lengths: Vec<usize>,
    /// The target's SubjectPublicKeyInfo DER; none for AES, or when the token does not show it.
    pub spki: Option<Vec<u8>>,
    /// The token that held it.
    pub token: TokenInfo,
    /// What the blob names as its maker.
    pub generator: Generator,
    /// The outcome's line in the record.
    pub record: AuditLine,
    /// What to know about this transfer.
    pub findings: Vec<Finding>,
}
