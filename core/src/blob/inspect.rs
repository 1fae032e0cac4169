//! The inspection of a key transfer blob.

use super::Blob;
use crate::{Admission, Error, Finding, Kek, TargetKind};
use serde::{Deserialize, Serialize};

/// Largest blob that is read, in bytes; real ones stay below 5 KiB.
pub const MAX_BLOB: usize = 64 * 1024;

/// One way to read a ciphertext's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct Reading {
    /// Under a KEK of this size …
    pub kek_bits: u32,
    /// … the blob would hold a key of this kind.
    pub target: TargetKind,
}

/// The verdict on a blob, as the `inspect` verb prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Inspection {
    /// True when no finding is an error.
    pub accepted: bool,
    /// The KEK's identifier, when well formed.
    pub kid: Option<String>,
    /// The KEK's size; null when more than one fits the length and no KEK was given.
    pub kek_bits: Option<u32>,
    /// Length of the ciphertext.
    pub ciphertext_bytes: Option<usize>,
    /// Every reading that fits the length.
    pub readings: Vec<Reading>,
    /// The kinds among them, each once.
    pub targets: Vec<TargetKind>,
    /// What says it made the file, with foreign characters made visible.
    pub generator: Option<String>,
    /// Every rule that did not simply hold.
    pub findings: Vec<Finding>,
}

/// Inspects a blob; with `kek`, also that identifier and length agree with it.
pub fn inspect(bytes: &[u8], kek: Option<&Kek>, admission: &Admission) -> Inspection {
    read(bytes, kek, admission).0
}

pub(super) fn read(
    _bytes: &[u8],
    _kek: Option<&Kek>,
    _admission: &Admission,
) -> (Inspection, Result<Blob, Error>) {
    let error = Error::BlobRefused {
        code: "blob-not-json",
        message: "this is no key transfer blob".to_owned(),
        advice: "Load the .byok file itself.".to_owned(),
    };
    let inspection = Inspection {
        accepted: false,
        kid: None,
        kek_bits: None,
        ciphertext_bytes: None,
        readings: Vec::new(),
        targets: Vec::new(),
        generator: None,
        findings: vec![Finding::from(&error)],
    };
    (inspection, Err(error))
}
