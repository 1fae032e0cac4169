//! Running every candidate over every disposable key, and choosing among the results.

use cryptoki::session::Session;
use getrandom::SysRng;
use keyferry_core::SelfTest;
use rsa::PrivateKey;
use rsa::rand_core::UnwrapErr;
use rsa::traits::PublicKeyParts;

use super::open::{Refusal, open};
use super::subject::{KINDS, Subject};
use crate::hsm::error::HsmError;
use crate::hsm::port::{KindProof, Proof};
use crate::hsm::raw::RawCalls;
use crate::hsm::strategy::{KekNumbers, StrategyEntry};

/// The smallest KEK that Azure has: the size changes nothing that is tested here.
const KEK_BITS: usize = 2048;

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

/// Proves each candidate on this token. The session must be one that ends right after.
pub(in crate::hsm) fn run(
    raw: &RawCalls,
    session: &Session,
    candidates: &[StrategyEntry],
) -> Result<Vec<Proof>, HsmError> {
    let kek = Throwaway::make()?;
    let subjects = KINDS.map(|kind| (kind, Subject::make(session, kind)));
    let mut proofs = Vec::new();
    for candidate in candidates {
        let kinds: Vec<KindProof> = subjects
            .iter()
            .map(|(kind, subject)| match subject {
                Ok(subject) => prove(raw, session, &kek, candidate, subject),
                // A token without, say, elliptic curves can still move its RSA keys.
                Err(error) => KindProof {
                    kind: *kind,
                    outcome: SelfTest::NotRun,
                    length: None,
                    detail: Some(error.to_string()),
                },
            })
            .collect();
        let outcome = worst(&kinds);
        tracing::debug!(strategy = %candidate.strategy, %outcome, ?kinds, "self-test");
        proofs.push(Proof {
            strategy: candidate.strategy,
            outcome,
            kinds,
        });
    }
    Ok(proofs)
}

/// The proof to rely on: the first exact one, else the first with nothing but trailing zeros.
pub(in crate::hsm) fn best(proofs: &[Proof]) -> Option<&Proof> {
    [SelfTest::Exact, SelfTest::TrailingZeros]
        .iter()
        .find_map(|wanted| proofs.iter().find(|proof| proof.outcome == *wanted))
}

fn prove(
    raw: &RawCalls,
    session: &Session,
    kek: &Throwaway,
    candidate: &StrategyEntry,
    subject: &Subject<'_>,
) -> KindProof {
    let mut length = None;
    let verdict = candidate
        .wrap(raw, session, &kek.numbers, subject.handle())
        .map_err(|error| Refusal::failed(error.to_string()))
        .and_then(|ciphertext| {
            length = ciphertext.len().checked_sub(kek.numbers.bytes());
            open(&kek.private, kek.numbers.bytes(), &ciphertext)
        })
        .and_then(|plaintext| subject.compare(&plaintext));
    let (outcome, detail) = match verdict {
        Ok(outcome) => (outcome, None),
        Err(Refusal { outcome, detail }) => (outcome, Some(detail)),
    };
    KindProof {
        kind: subject.kind,
        outcome,
        length,
        detail,
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
    use keyferry_core::{Strategy, TargetKind};

    use super::*;

    fn kinds(outcomes: &[SelfTest]) -> Vec<KindProof> {
        outcomes
            .iter()
            .map(|outcome| KindProof {
                kind: TargetKind::P256,
                outcome: *outcome,
                length: None,
                detail: None,
            })
            .collect()
    }

    fn proof(strategy: Strategy, outcome: SelfTest) -> Proof {
        Proof {
            strategy,
            outcome,
            kinds: kinds(&[outcome]),
        }
    }

    #[test]
    fn one_kind_that_fails_fails_the_strategy_and_kinds_that_did_not_run_do_not_count() {
        use SelfTest::{Exact, Failed, NotRun, TrailingZeros, WrongPadding};
        assert_eq!(worst(&kinds(&[Exact, Exact, Exact])), Exact);
        assert_eq!(
            worst(&kinds(&[Exact, NotRun, TrailingZeros])),
            TrailingZeros
        );
        assert_eq!(
            worst(&kinds(&[Exact, WrongPadding, TrailingZeros])),
            WrongPadding
        );
        assert_eq!(worst(&kinds(&[Failed, Exact, WrongPadding])), Failed);
        assert_eq!(worst(&kinds(&[NotRun, NotRun])), NotRun);
    }

    #[test]
    fn trailing_zeros_are_used_only_when_no_strategy_is_exact() {
        let zeros = proof(Strategy::OaepKwp, SelfTest::TrailingZeros);
        let exact = proof(Strategy::OaepAesWrapPad, SelfTest::Exact);
        let failed = proof(Strategy::RsaAesKeyWrap, SelfTest::WrongPadding);
        let chosen = |proofs: &[Proof]| best(proofs).map(|proof| proof.strategy);
        assert_eq!(
            chosen(&[failed.clone(), zeros.clone(), exact]),
            Some(Strategy::OaepAesWrapPad)
        );
        assert_eq!(chosen(&[failed.clone(), zeros]), Some(Strategy::OaepKwp));
        assert_eq!(
            chosen(&[failed, proof(Strategy::OaepKwp, SelfTest::NotRun)]),
            None
        );
    }
}
