//! From what a token lists and what its self-test showed to a verdict for each kind of key.
//!
//! The vendor profile has no place here: the token's word counts, and the self-test's over it.

use keyferry_core::{Reason, SelfTest, Strategy, TargetKind};

use super::keep::can_keep;
use super::report::{KindVerdict, StrategyReport};
use crate::hsm::{Mechanism, Proof};
use crate::profile::Explainer;

/// What is known of a token.
#[derive(Debug, Default)]
pub(super) struct Evidence<'a> {
    /// What stands in the way of every key: no module, no login.
    pub(super) obstacle: Option<Reason>,
    /// Every mechanism that the token lists.
    pub(super) mechanisms: &'a [Mechanism],
    /// The strategies that these allow.
    pub(super) listed: &'a [Strategy],
    /// The self-test's results, when it ran.
    pub(super) proofs: Option<&'a [Proof]>,
    /// Finds words for what the self-test was refused.
    pub(super) explainer: Option<Explainer<'a>>,
}

impl Evidence<'_> {
    /// Each strategy, with the kinds that go by it.
    pub(super) fn strategies(&self) -> Vec<StrategyReport> {
        let report = |name: Strategy| {
            let listed = self.listed.contains(&name);
            let self_test = self.outcome(name);
            let usable = self.obstacle.is_none() && listed;
            StrategyReport {
                name,
                listed,
                self_test,
                kinds: TargetKind::ALL
                    .into_iter()
                    .filter(|kind| {
                        usable && can_keep(self.mechanisms, *kind) && self.is_usable(name, *kind)
                    })
                    .collect(),
            }
        };
        Strategy::ALL.into_iter().map(report).collect()
    }

    /// Each kind, and what stands in its way.
    pub(super) fn verdicts(&self) -> Vec<KindVerdict> {
        TargetKind::ALL
            .into_iter()
            .map(|kind| {
                let reasons: Vec<Reason> = self.reason(kind).into_iter().collect();
                KindVerdict {
                    kind,
                    transferable: reasons.is_empty(),
                    reasons,
                }
            })
            .collect()
    }

    /// The kinds that would travel but of which the self-test made none.
    pub(super) fn uncovered(&self) -> Vec<TargetKind> {
        let Some(proofs) = self.proofs else {
            return Vec::new();
        };
        let covered = |kind: TargetKind| {
            proofs
                .iter()
                .flat_map(|proof| &proof.kinds)
                .any(|proof| proof.kind == kind && proof.outcome.passed())
        };
        TargetKind::ALL
            .into_iter()
            .filter(|kind| self.reason(*kind).is_none() && !covered(*kind))
            .collect()
    }

    fn outcome(&self, strategy: Strategy) -> SelfTest {
        self.proofs
            .and_then(|proofs| proofs.iter().find(|proof| proof.strategy == strategy))
            .map_or(SelfTest::NotRun, |proof| proof.outcome)
    }

    /// What the self-test showed for one kind, or for its family.
    fn outcome_for(&self, strategy: Strategy, kind: TargetKind) -> SelfTest {
        self.proofs
            .and_then(|proofs| proofs.iter().find(|proof| proof.strategy == strategy))
            .map_or(SelfTest::NotRun, |proof| proof.outcome_for(kind))
    }

    /// Before the self-test every listed strategy may do; after it those that passed for the kind.
    fn is_usable(&self, strategy: Strategy, kind: TargetKind) -> bool {
        self.proofs.is_none() || self.outcome_for(strategy, kind).passed()
    }

    fn reason(&self, kind: TargetKind) -> Option<Reason> {
        if self.obstacle.is_some() {
            return self.obstacle.clone();
        }
        if self.listed.is_empty() {
            return Some(reason(
                "no-wrap-mechanism",
                "the token lists no mechanism that makes Azure's transfer format".into(),
                "The HSM needs RSA OAEP together with AES key wrap with padding (RFC 5649). Look for a firmware update or an export setting, or ask the vendor.",
            ));
        }
        if !can_keep(self.mechanisms, kind) {
            return Some(reason(
                "kind-not-on-token",
                format!("the token lists no mechanism for {kind} keys"),
                "Use a key of another kind, or another token.",
            ));
        }
        if !self
            .listed
            .iter()
            .any(|strategy| self.is_usable(*strategy, kind))
        {
            if let (Some(explainer), Some(proofs)) = (self.explainer, self.proofs)
                && let Some(reason) = explainer.reason_of(proofs, kind)
            {
                return Some(reason);
            }
            let outcomes: Vec<String> = self
                .listed
                .iter()
                .map(|strategy| format!("{strategy} {}", self.outcome_for(*strategy, kind)))
                .collect();
            return Some(reason(
                "self-test-failed",
                format!(
                    "no wrap mechanism of this token passed the self-test for {kind} keys: {}",
                    outcomes.join(", ")
                ),
                "What this token makes could not be opened in Azure; ask the vendor for RFC 5649 key wrap (CKM_AES_KEY_WRAP_KWP).",
            ));
        }
        None
    }
}

fn reason(code: &str, message: String, advice: &str) -> Reason {
    Reason {
        code: code.to_owned(),
        message,
        advice: advice.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hsm::KindProof;

    /// A token with RSA and AES, and no elliptic curves.
    fn mechanisms() -> Vec<Mechanism> {
        [(0, 2048, 4096), (0x1080, 16, 32)]
            .map(|(number, min_key_size, max_key_size)| Mechanism {
                number,
                flags: 0,
                min_key_size,
                max_key_size,
            })
            .to_vec()
    }

    fn proof(strategy: Strategy, outcome: SelfTest) -> Proof {
        Proof {
            strategy,
            outcome,
            kinds: [TargetKind::Rsa2048, TargetKind::Aes256]
                .map(|kind| KindProof {
                    kind,
                    outcome,
                    trailing_zeros: 0,
                    length: None,
                    detail: None,
                    call: None,
                })
                .to_vec(),
        }
    }

    fn verdict(evidence: &Evidence<'_>, kind: TargetKind) -> Option<String> {
        let verdicts = evidence.verdicts();
        let verdict = verdicts
            .iter()
            .find(|verdict| verdict.kind == kind)
            .unwrap();
        assert_eq!(verdict.transferable, verdict.reasons.is_empty());
        verdict.reasons.first().map(|reason| reason.code.clone())
    }

    fn kinds(evidence: &Evidence<'_>, strategy: Strategy) -> usize {
        let strategies = evidence.strategies();
        let found = strategies.iter().find(|one| one.name == strategy).unwrap();
        found.kinds.len()
    }

    #[test]
    fn what_is_listed_can_travel_until_the_self_test_says_otherwise() {
        let mechanisms = mechanisms();
        let mut evidence = Evidence {
            mechanisms: &mechanisms,
            listed: &[Strategy::OaepKwp, Strategy::OaepAesWrapPad],
            ..Evidence::default()
        };
        assert_eq!(verdict(&evidence, TargetKind::Rsa4096), None);
        assert_eq!(
            verdict(&evidence, TargetKind::P256).unwrap(),
            "kind-not-on-token"
        );
        assert_eq!(kinds(&evidence, Strategy::OaepKwp), 6);
        assert_eq!(kinds(&evidence, Strategy::RsaAesKeyWrap), 0);

        let bad = [
            proof(Strategy::OaepKwp, SelfTest::Failed),
            proof(Strategy::OaepAesWrapPad, SelfTest::WrongPadding),
        ];
        evidence.proofs = Some(&bad);
        assert_eq!(
            verdict(&evidence, TargetKind::Rsa4096).unwrap(),
            "self-test-failed"
        );
        assert_eq!(kinds(&evidence, Strategy::OaepKwp), 0);

        let good = [
            proof(Strategy::OaepKwp, SelfTest::Exact),
            proof(Strategy::OaepAesWrapPad, SelfTest::WrongPadding),
        ];
        evidence.proofs = Some(&good);
        assert_eq!(verdict(&evidence, TargetKind::Aes128), None);
        assert_eq!(kinds(&evidence, Strategy::OaepAesWrapPad), 0);
        assert!(!evidence.uncovered().contains(&TargetKind::Rsa2048));
        assert!(evidence.uncovered().contains(&TargetKind::Rsa4096));
    }

    #[test]
    fn an_obstacle_stops_every_kind_and_a_token_without_a_strategy_none_the_less() {
        let mechanisms = mechanisms();
        let mut evidence = Evidence {
            mechanisms: &mechanisms,
            ..Evidence::default()
        };
        assert_eq!(
            verdict(&evidence, TargetKind::Rsa2048).unwrap(),
            "no-wrap-mechanism"
        );
        evidence.listed = &[Strategy::OaepKwp];
        evidence.obstacle = Some(reason("pin-locked", "it is locked".into(), "Unlock it."));
        for kind in TargetKind::ALL {
            assert_eq!(verdict(&evidence, kind).unwrap(), "pin-locked");
        }
        assert_eq!(kinds(&evidence, Strategy::OaepKwp), 0);
    }
}
