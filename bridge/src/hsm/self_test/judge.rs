//! Running every candidate over every disposable key.

use getrandom::SysRng;
use keyferry_core::{Family, SelfTest, TargetKind};
use rsa::PrivateKey;
use rsa::rand_core::UnwrapErr;
use rsa::traits::PublicKeyParts;

use super::extractable::extractable_rule;
use super::open::{Refusal, open};
use super::plaintext::Found;
use super::subject::{KINDS, Subject};
use crate::hsm::error::HsmError;
use crate::hsm::port::{KindProof, Proof, SelfTestReport};
use crate::hsm::strategy::{KekNumbers, StrategyEntry, Workbench};

/// The smallest KEK that Azure has: the size changes nothing that is tested here.
const KEK_BITS: usize = 2048;
/// How many keys of a kind are made at most, while none tells whether the token pads by itself.
const MAX_SUBJECTS: usize = 4;

/// The throwaway KEK; its private half is wiped when dropped.
struct Throwaway {
    private: PrivateKey,
    numbers: KekNumbers,
}

impl Throwaway {
    fn make() -> Result<Self, HsmError> {
        let private = PrivateKey::new(&mut UnwrapErr(SysRng), KEK_BITS).map_err(|error| {
            HsmError::ModuleAnswer {
                why: format!("no throwaway KEK: {error}"),
            }
        })?;
        let numbers = KekNumbers {
            modulus: private.n_bytes().into(),
            exponent: private.e_bytes().into(),
        };
        Ok(Self { private, numbers })
    }
}

/// Proves each candidate on this token.
pub(in crate::hsm) fn run(
    bench: &Workbench<'_>,
    candidates: &[StrategyEntry],
) -> Result<SelfTestReport, HsmError> {
    let kek = Throwaway::make()?;
    let mut kinds: Vec<Vec<KindProof>> = candidates.iter().map(|_| Vec::new()).collect();
    // First the curve: what it shows of padding, an RSA key of whole blocks need not show again.
    for kind in [TargetKind::P256, TargetKind::Rsa2048, TargetKind::Aes256] {
        let proofs = prove_kind(bench, &kek, candidates, kind, &kinds);
        for (kinds, proof) in kinds.iter_mut().zip(proofs) {
            kinds.push(proof);
        }
    }
    let proofs: Vec<Proof> = candidates
        .iter()
        .zip(kinds)
        .map(|(candidate, mut kinds)| {
            kinds.sort_by_key(|proof| KINDS.iter().position(|kind| *kind == proof.kind));
            let outcome = worst(&kinds);
            tracing::debug!(strategy = %candidate.strategy, %outcome, ?kinds, "self-test");
            Proof {
                strategy: candidate.strategy,
                outcome,
                kinds,
            }
        })
        .collect();
    let extractable = extractable_rule(bench, &kek.numbers, candidates, &proofs);
    Ok(SelfTestReport {
        proofs,
        extractable,
        objects: bench.objects(),
    })
}

/// The proofs of one kind, a candidate each. `earlier` has what the kinds before showed.
fn prove_kind(
    bench: &Workbench<'_>,
    kek: &Throwaway,
    candidates: &[StrategyEntry],
    kind: TargetKind,
    earlier: &[Vec<KindProof>],
) -> Vec<KindProof> {
    let mut proofs: Vec<Option<KindProof>> = candidates.iter().map(|_| None).collect();
    for made in 1..=MAX_SUBJECTS {
        let subject = match Subject::make(bench, kind) {
            Ok(subject) => subject,
            // A token without, say, elliptic curves can still move its RSA keys.
            Err(error) => return settled(proofs, kind, &error),
        };
        let mut open_question = false;
        for ((candidate, proof), earlier) in candidates.iter().zip(&mut proofs).zip(earlier) {
            if proof.is_some() {
                continue;
            }
            let (judged, found) = prove(bench, kek, candidate, &subject);
            // AES keys are whole blocks always; of RSA keys a fourth is.
            let tells_nothing =
                kind.family() != Family::Aes && found.is_some_and(Found::is_whole_blocks);
            *proof = if tells_nothing && pads(earlier) {
                Some(KindProof {
                    outcome: SelfTest::TrailingZeros,
                    ..judged
                })
            } else if tells_nothing && !is_exact_for_der(earlier) && made < MAX_SUBJECTS {
                open_question = true;
                None
            } else {
                Some(judged)
            };
        }
        if !open_question {
            break;
        }
    }
    proofs
        .into_iter()
        .map(|proof| proof.unwrap_or_else(|| KindProof::not_run(kind, "it was not reached")))
        .collect()
}

/// What was proven before a further key could not be made, and for the rest why it could not.
fn settled(proofs: Vec<Option<KindProof>>, kind: TargetKind, error: &HsmError) -> Vec<KindProof> {
    let not_run = || KindProof {
        call: error.call().cloned(),
        ..KindProof::not_run(kind, error.to_string())
    };
    proofs
        .into_iter()
        .map(|proof| proof.unwrap_or_else(not_run))
        .collect()
}

fn pads(earlier: &[KindProof]) -> bool {
    earlier
        .iter()
        .any(|proof| proof.outcome == SelfTest::TrailingZeros)
}

/// The P-256 key's DER, of 67 or 138 bytes, is never whole blocks.
fn is_exact_for_der(earlier: &[KindProof]) -> bool {
    earlier
        .iter()
        .any(|proof| proof.kind == TargetKind::P256 && proof.outcome == SelfTest::Exact)
}

fn prove(
    bench: &Workbench<'_>,
    kek: &Throwaway,
    candidate: &StrategyEntry,
    subject: &Subject<'_>,
) -> (KindProof, Option<Found>) {
    let proof = KindProof::not_run(subject.kind, "");
    let ciphertext = match candidate.wrap(bench, &kek.numbers, subject.handle()) {
        Ok(ciphertext) => ciphertext,
        Err(error) => {
            // Without a KEK in the token nothing was tried of the strategy.
            let outcome = match error {
                HsmError::KekRefused { .. } => SelfTest::NotRun,
                _ => SelfTest::Failed,
            };
            let proof = KindProof {
                outcome,
                detail: Some(error.to_string()),
                call: error.call().cloned(),
                ..proof
            };
            return (proof, None);
        }
    };
    let proof = KindProof {
        length: ciphertext.len().checked_sub(kek.numbers.bytes()),
        detail: None,
        ..proof
    };
    match open(&kek.private, kek.numbers.bytes(), &ciphertext)
        .and_then(|plaintext| subject.compare(&plaintext))
    {
        Ok(found) => {
            let proof = KindProof {
                outcome: found.outcome(),
                trailing_zeros: found.zeros,
                ..proof
            };
            (proof, Some(found))
        }
        Err(Refusal { outcome, detail }) => {
            let proof = KindProof {
                outcome,
                detail: Some(detail),
                ..proof
            };
            (proof, None)
        }
    }
}

/// The worst outcome of the kinds that ran; `not-run` when none did.
fn worst(kinds: &[KindProof]) -> SelfTest {
    const WORST_FIRST: [SelfTest; 5] = [
        SelfTest::Failed,
        SelfTest::WrongHash,
        SelfTest::WrongPadding,
        SelfTest::TrailingZeros,
        SelfTest::Exact,
    ];
    WORST_FIRST
        .into_iter()
        .find(|outcome| kinds.iter().any(|kind| kind.outcome == *outcome))
        .unwrap_or(SelfTest::NotRun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_outcome_counts_and_kinds_that_did_not_run_do_not() {
        use SelfTest::{Exact, Failed, NotRun, TrailingZeros, WrongPadding};
        let worst = |outcomes: &[SelfTest]| {
            let kinds: Vec<KindProof> = outcomes
                .iter()
                .map(|outcome| KindProof {
                    outcome: *outcome,
                    ..KindProof::not_run(TargetKind::P256, "")
                })
                .collect();
            worst(&kinds)
        };
        assert_eq!(worst(&[Exact, Exact, Exact]), Exact);
        assert_eq!(worst(&[Exact, NotRun, TrailingZeros]), TrailingZeros);
        assert_eq!(worst(&[Exact, WrongPadding, TrailingZeros]), WrongPadding);
        assert_eq!(worst(&[Failed, Exact, WrongPadding]), Failed);
        assert_eq!(worst(&[NotRun, NotRun]), NotRun);
    }
}
