//! Why a key cannot travel, in words: the return value's own meaning, or the vendor's.

use keyferry_core::{Reason, TargetKind, TokenInfo};

use super::document::Profile;
use crate::hsm::{Call, HsmError, Proof};

/// Explains a token's refusals.
#[derive(Debug, Clone, Copy)]
pub struct Explainer<'a> {
    /// The vendor's profile, where it is recognised.
    pub profile: Option<&'static Profile>,
    /// The token.
    pub token: &'a TokenInfo,
}

impl Explainer<'_> {
    /// The reason that a failed call shows for a kind of key. The vendor's knowledge comes first: it is
    /// the more exact.
    #[must_use]
    pub fn reason(&self, call: &Call, kind: TargetKind) -> Option<Reason> {
        self.profile
            .and_then(|profile| profile.reason(call, kind, &self.token.firmware))
            .or_else(|| call.reason())
    }

    /// The reason that the self-test shows, where every way failed for a kind.
    #[must_use]
    pub fn reason_of(&self, proofs: &[Proof], kind: TargetKind) -> Option<Reason> {
        proofs.iter().find_map(|proof| {
            // Of a kind that could not be tried, the attempts say why.
            let seen = proof.seen(kind).or_else(|| {
                let family = |seen: &&_| Proof::is_of_family(seen, kind);
                proof.kinds.iter().find(family)
            })?;
            self.reason(seen.call.as_ref()?, kind)
        })
    }

    /// The same error with the reason, where there is one to tell.
    #[must_use]
    pub fn explain(&self, error: HsmError, kind: TargetKind) -> HsmError {
        let reason = match &error {
            HsmError::SelfTestFailed { proofs, .. } => self.reason_of(proofs, kind),
            HsmError::Call(call) => self.reason(call, kind),
            _ => None,
        };
        match reason {
            Some(reason) => HsmError::Explained {
                error: Box::new(error),
                reason,
            },
            None => error,
        }
    }
}
