//! The transfers of this run: what a file that comes back from the page is compared with.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use keyferry_core::{Blob, KeyName, TargetKind, Thumbprint};

use crate::digest::sha256_hex;
use crate::transfer::Transfer;
use crate::vault::TransferId;

/// As many as are kept; an older file is imported by the command line.
const KEPT: usize = 64;

/// What the token said of a key when it was wrapped.
#[derive(Debug, Clone)]
pub(super) struct Wrapped {
    ciphertext_sha256: String,
    /// `CKA_LABEL`.
    pub(super) label: String,
    /// What was wrapped.
    pub(super) target: TargetKind,
    /// Its public half as SubjectPublicKeyInfo DER.
    pub(super) spki: Option<Vec<u8>>,
    /// The KEK that it was wrapped to.
    kid: String,
    /// SHA-256 of the KEK's SubjectPublicKeyInfo.
    pub(super) kek_thumbprint_sha256: String,
    /// The mark that an import of it bears in the vault, so that it is found again.
    pub(super) mark: TransferId,
    /// Names under which it may have landed already.
    tried: BTreeSet<String>,
}

/// The newest transfers.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<Wrapped>>);

impl Recent {
    /// Remembers a transfer. Without randomness for its mark it is forgotten: the file is there all the same.
    pub(super) fn keep(&self, transfer: &Transfer, kek: &Thumbprint) {
        let Ok(mark) = TransferId::random() else {
            return;
        };
        let wrapped = Wrapped {
            ciphertext_sha256: sha256_hex(transfer.blob.ciphertext().as_bytes()),
            label: transfer.label.clone(),
            target: transfer.target,
            spki: transfer.spki.clone(),
            kid: transfer.blob.kid().as_str().to_owned(),
            kek_thumbprint_sha256: kek.to_string(),
            mark,
            tried: BTreeSet::new(),
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(KEPT - 1);
        kept.push_front(wrapped);
    }

    /// Notes that an import under this name begins; true when one had begun before.
    pub(super) fn try_as(&self, mark: &TransferId, name: &KeyName) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter_mut()
            .find(|wrapped| wrapped.mark == *mark)
            // Vaults ignore the case of names.
            .is_some_and(|wrapped| !wrapped.tried.insert(name.as_str().to_ascii_lowercase()))
    }

    /// The transfer that made this file: the same ciphertext, for the same KEK.
    pub(super) fn find(&self, blob: &Blob) -> Option<Wrapped> {
        let digest = sha256_hex(blob.ciphertext().as_bytes());
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|wrapped| {
                wrapped.ciphertext_sha256 == digest && wrapped.kid == blob.kid().as_str()
            })
            .cloned()
    }
}
