//! An attestation that this side has verified itself: nobody else's verdict counts.

use keyferry_core::{
    AttestationOutcome, AttestationSource, AttestationVerdict, AttestedKek, Kek, Kid,
    OwnerFingerprint, TrustedRoots, verify_attestation,
};

use crate::Error;
use crate::clock;

/// A verdict on the attestation of one KEK. Can only be had by verifying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested(AttestationVerdict);

impl Attested {
    /// Verifies an attestation of an admitted KEK, now.
    ///
    /// # Errors
    /// [`Error::Internal`] when the clock stands before 1970.
    pub fn verify(
        document: &[u8],
        kek: &Kek,
        pin: Option<OwnerFingerprint>,
        roots: &TrustedRoots,
    ) -> Result<Self, Error> {
        let path = Kid::path(kek.kid());
        Ok(Self(verify_attestation(&AttestationSource {
            document,
            kek: Some(AttestedKek::of(kek, path.as_deref())),
            pin,
            roots,
            now: clock::now().ok_or(Error::Internal("the clock stands before 1970"))?,
        })))
    }

    /// What came of it.
    #[must_use]
    pub fn verdict(&self) -> &AttestationVerdict {
        &self.0
    }

    /// The three results, for the record.
    #[must_use]
    pub fn outcome(&self) -> AttestationOutcome {
        AttestationOutcome::from(&self.0)
    }

    /// The three results in one line, for a prompt.
    #[must_use]
    pub fn line(&self) -> String {
        self.outcome().to_string()
    }
}
