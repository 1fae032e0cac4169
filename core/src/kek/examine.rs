//! The examination of a KEK document.

use super::{Examination, Kek, KekVerdict};
use crate::{Admission, Error, Finding};

/// Largest KEK document that is read, in bytes; real ones stay below 4 KiB, attestations below 30.
pub const MAX_KEK_DOCUMENT: usize = 64 * 1024;

/// What is examined.
#[derive(Debug, Clone, Copy)]
pub struct KekSource<'a> {
    /// The document's bytes, as they were in the file.
    pub document: &'a [u8],
    /// The key identifier given beside it, when there is one.
    pub kid: Option<&'a str>,
    /// Seconds since 1970, for `nbf` and `exp`; None makes that rule an `unchecked` finding.
    pub now: Option<i64>,
    /// What the caller admits.
    pub admission: &'a Admission,
}

pub(super) fn examine(_source: &KekSource<'_>) -> (Examination, Result<Kek, Error>) {
    let error = Error::KekRefused {
        code: "kek-unreadable",
        message: "this is no KEK document".to_owned(),
        advice: "Load the output of `az keyvault key show -o json`.".to_owned(),
    };
    let verdict = KekVerdict {
        admitted: false,
        kid: None,
        bits: None,
        exponent: None,
        thumbprint_sha256: None,
        jwk_thumbprint: None,
        findings: vec![Finding::from(&error)],
    };
    (Examination { verdict, kek: None }, Err(error))
}
