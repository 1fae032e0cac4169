//! Which strategy wraps a key of a kind, judged by what the self-test saw.

use keyferry_core::{SelfTest, Strategy, TargetKind};
use serde::{Deserialize, Serialize};

use super::error::HsmError;
use super::port::{KindProof, Proof};

/// How a key of one kind is wrapped on this token, and what that rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The strategy.
    pub strategy: Strategy,
    /// How it came out; `not-run` for one that is used unproven.
    pub self_test: SelfTest,
    /// Which disposable keys that was seen with.
    pub coverage: Coverage,
    /// Lengths of the second part that the self-test opened for this very kind.
    pub proven_lengths: Vec<usize>,
}

/// What a proof rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// A disposable key of the kind itself, with this many zero bytes after it.
    Kind {
        /// Zero bytes after the key.
        zeros: usize,
    },
    /// A disposable key of another kind of the family, since the kind itself was not tried.
    Family {
        /// The kind that was tried.
        tried: TargetKind,
        /// Zero bytes after the key.
        zeros: usize,
    },
    /// Nothing.
    Nothing,
}

impl Choice {
    /// Whether it is the same way, resting on the same. Another worker's self-test makes disposable keys of its own,
    /// whose lengths may differ by a few bytes: lengths, and zero bytes after them, are no part of what was shown.
    pub fn is_same_way(&self, other: &Self) -> bool {
        let rests_on = |choice: &Self| match choice.coverage {
            Coverage::Kind { .. } => (0, None),
            Coverage::Family { tried, .. } => (1, Some(tried)),
            Coverage::Nothing => (2, None),
        };
        self.strategy == other.strategy
            && self.self_test == other.self_test
            && rests_on(self) == rests_on(other)
    }

    /// The first strategy that was exact with this kind, or with its family where the kind itself was
    /// not tried; failing that, the first that left zero bytes after the key.
    pub fn proven(proofs: &[Proof], target: TargetKind) -> Option<Self> {
        [SelfTest::Exact, SelfTest::TrailingZeros]
            .into_iter()
            .find_map(|wanted| {
                proofs.iter().find_map(|proof| {
                    let seen = proof.seen(target)?;
                    (seen.outcome == wanted).then(|| Self::of(proof.strategy, seen, target))
                })
            })
    }

    /// A strategy that the user named for want of a proven one.
    ///
    /// # Errors
    /// [`HsmError::UnprovenNeedless`] when another one is proven for this kind,
    /// [`HsmError::SelfTestFailed`] when this one was tried and came out wrong: what cannot be opened
    /// is never made; [`HsmError::StrategyNotListed`] when the token does not have it.
    pub fn unproven(
        proofs: &[Proof],
        target: TargetKind,
        strategy: Strategy,
    ) -> Result<Self, HsmError> {
        if let Some(proven) = Self::proven(proofs, target) {
            return Err(HsmError::UnprovenNeedless {
                kind: target,
                proven: proven.strategy,
            });
        }
        let proof = proofs
            .iter()
            .find(|proof| proof.strategy == strategy)
            .ok_or(HsmError::StrategyNotListed { strategy })?;
        if proof.seen(target).is_some() {
            return Err(HsmError::SelfTestFailed {
                kind: target,
                proofs: proofs.to_vec(),
            });
        }
        Ok(Self {
            strategy,
            self_test: SelfTest::NotRun,
            coverage: Coverage::Nothing,
            proven_lengths: Vec::new(),
        })
    }

    fn of(strategy: Strategy, seen: &KindProof, target: TargetKind) -> Self {
        let zeros = seen.trailing_zeros;
        let itself = seen.kind == target;
        Self {
            strategy,
            self_test: seen.outcome,
            coverage: if itself {
                Coverage::Kind { zeros }
            } else {
                Coverage::Family {
                    tried: seen.kind,
                    zeros,
                }
            },
            proven_lengths: seen
                .length
                .filter(|_| itself && seen.outcome.passed())
                .into_iter()
                .collect(),
        }
    }
}

impl Proof {
    /// Whether a proof is of a kind's family.
    pub fn is_of_family(seen: &KindProof, target: TargetKind) -> bool {
        seen.kind.family() == target.family()
    }

    /// The outcome for a kind: its own or, where it was not tried, its family's.
    pub fn outcome_for(&self, target: TargetKind) -> SelfTest {
        self.seen(target)
            .map_or(SelfTest::NotRun, |seen| seen.outcome)
    }

    /// What was seen of a kind: of itself or, where it was not tried, of its family.
    pub fn seen(&self, target: TargetKind) -> Option<&KindProof> {
        let tried = || {
            self.kinds
                .iter()
                .filter(|kind| kind.outcome != SelfTest::NotRun)
        };
        tried()
            .find(|kind| kind.kind == target)
            .or_else(|| tried().find(|kind| Self::is_of_family(kind, target)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use SelfTest::{Exact, Failed, NotRun, TrailingZeros, WrongPadding};
    use Strategy::{OaepAesWrapPad, OaepKwp, RsaAesKeyWrap};
    use TargetKind::{Aes128, Aes256, P256, P521, Rsa2048, Rsa4096};

    fn proof(strategy: Strategy, kinds: &[(TargetKind, SelfTest)]) -> Proof {
        let kinds = kinds.iter().map(|(kind, outcome)| KindProof {
            trailing_zeros: if *outcome == TrailingZeros { 5 } else { 0 },
            length: Some(80),
            outcome: *outcome,
            ..KindProof::not_run(*kind, "")
        });
        Proof {
            strategy,
            outcome: Exact,
            kinds: kinds.collect(),
        }
    }

    fn chosen(proofs: &[Proof], target: TargetKind) -> Option<(Strategy, SelfTest)> {
        Choice::proven(proofs, target).map(|choice| (choice.strategy, choice.self_test))
    }

    #[test]
    fn each_kind_gets_its_own_outcome_and_no_other_kinds() {
        let pad = [proof(
            OaepAesWrapPad,
            &[
                (Rsa2048, TrailingZeros),
                (P256, WrongPadding),
                (Aes256, Exact),
            ],
        )];
        assert_eq!(chosen(&pad, Aes256), Some((OaepAesWrapPad, Exact)));
        assert_eq!(chosen(&pad, Rsa2048), Some((OaepAesWrapPad, TrailingZeros)));
        assert_eq!(chosen(&pad, P256), None);
    }

    #[test]
    fn an_exact_strategy_is_preferred_to_an_earlier_one_with_trailing_zeros() {
        let proofs = [
            proof(RsaAesKeyWrap, &[(P256, Failed), (Aes256, Exact)]),
            proof(OaepKwp, &[(P256, TrailingZeros), (Aes256, Exact)]),
            proof(OaepAesWrapPad, &[(P256, Exact), (Aes256, Exact)]),
        ];
        assert_eq!(chosen(&proofs, P256), Some((OaepAesWrapPad, Exact)));
        assert_eq!(chosen(&proofs, Aes256), Some((RsaAesKeyWrap, Exact)));
        assert_eq!(chosen(&proofs[..2], P256), Some((OaepKwp, TrailingZeros)));
    }

    #[test]
    fn a_way_is_the_same_whatever_the_lengths_of_disposable_keys_were() {
        let choice = |outcome, length| {
            let mut proof = proof(OaepKwp, &[(Rsa2048, outcome)]);
            proof.kinds[0].length = Some(length);
            Choice::proven(&[proof], Rsa2048).unwrap()
        };
        let shown = choice(Exact, 1224);
        assert!(choice(Exact, 1232).is_same_way(&shown));
        assert!(!choice(TrailingZeros, 1224).is_same_way(&shown));
    }

    #[test]
    fn a_kind_that_was_not_tried_is_judged_by_its_family_and_says_so() {
        let proofs = [proof(OaepKwp, &[(Rsa2048, Exact), (P256, TrailingZeros)])];
        let choice = Choice::proven(&proofs, P521).unwrap();
        assert_eq!(choice.self_test, TrailingZeros);
        assert_eq!(
            choice.coverage,
            Coverage::Family {
                tried: P256,
                zeros: 5
            }
        );
        assert!(
            choice.proven_lengths.is_empty(),
            "lengths of another kind prove nothing"
        );
        let choice = Choice::proven(&proofs, Rsa2048).unwrap();
        assert_eq!(choice.coverage, Coverage::Kind { zeros: 0 });
        assert_eq!(choice.proven_lengths, [80]);
        assert_eq!(chosen(&proofs, Aes128), None, "nothing was seen of AES");
    }

    #[test]
    fn an_unproven_strategy_is_for_kinds_of_which_nothing_was_seen() {
        let proofs = [
            proof(
                OaepKwp,
                &[(Rsa2048, NotRun), (P256, Failed), (Aes256, Exact)],
            ),
            proof(OaepAesWrapPad, &[(Rsa2048, NotRun), (P256, WrongPadding)]),
        ];
        let choice = Choice::unproven(&proofs, Rsa4096, OaepKwp).unwrap();
        assert_eq!((choice.strategy, choice.self_test), (OaepKwp, NotRun));
        assert_eq!(choice.coverage, Coverage::Nothing);
        let refused = |target, strategy| {
            Choice::unproven(&proofs, target, strategy)
                .unwrap_err()
                .code()
        };
        assert_eq!(refused(Aes256, OaepAesWrapPad), "unproven-needless");
        assert_eq!(refused(P256, OaepAesWrapPad), "self-test-failed");
        assert_eq!(refused(P521, OaepKwp), "self-test-failed");
        assert_eq!(refused(Rsa2048, RsaAesKeyWrap), "strategy-not-listed");
    }
}
