//! What is worth saying of the self-test.

use keyferry_core::{Finding, Reason, SelfTest, Severity, TargetKind};

use crate::hsm::Proof;

/// Nothing was proven: strategies rest on the token's list alone.
pub(super) fn not_run() -> Finding {
    Finding::unchecked(
        "self-test-not-run",
        "The self-test was not run: that the listed ways of wrapping work is the token's word alone.",
        "Run doctor with --self-test: it wraps disposable keys to a throwaway KEK and opens the result. A transfer does the same before the first wrap.",
    )
}

/// The self-test was asked for, and cannot run.
pub(super) fn needs_login() -> Reason {
    Reason {
        code: "self-test-needs-login".to_owned(),
        message: "the self-test makes keys on the token, and nobody logged in".to_owned(),
        advice: "Say where the PIN comes from with --pin-source.".to_owned(),
    }
}

/// What the self-test showed of each strategy that is not exact.
pub(super) fn of_proofs(proofs: &[Proof]) -> Vec<Finding> {
    proofs.iter().filter_map(of_proof).collect()
}

fn of_proof(proof: &Proof) -> Option<Finding> {
    let name = proof.strategy;
    let detail = proof
        .kinds
        .iter()
        .find(|kind| kind.outcome == proof.outcome)
        .and_then(|kind| kind.detail.as_deref())
        .map_or_else(String::new, |detail| format!(" ({detail})"));
    let (code, severity, what, advice) = match proof.outcome {
        SelfTest::Exact => return None,
        SelfTest::TrailingZeros => (
            "trailing-zeros",
            Severity::Warning,
            "opens, with up to seven zero bytes after the key",
            "Used only when no other way is exact. Whether Azure takes them is unknown: compare the public keys after the import.",
        ),
        SelfTest::WrongPadding => (
            "wrong-padding",
            Severity::Note,
            "pads by PKCS#7: Azure cannot open it",
            "It is not used. The vendor can offer RFC 5649 key wrap (CKM_AES_KEY_WRAP_KWP).",
        ),
        SelfTest::WrongHash => (
            "wrong-hash",
            Severity::Note,
            "uses OAEP with another hash than SHA-1: Azure cannot open it",
            "It is not used. In FIPS mode the token may need a setting that allows OAEP with SHA-1.",
        ),
        SelfTest::Failed => (
            "strategy-failed",
            Severity::Note,
            "does not give a file that opens",
            "It is not used. The vendor's log may say why.",
        ),
        SelfTest::NotRun => (
            "strategy-not-run",
            Severity::Warning,
            "could not be tried",
            "Log in as a user that may make session keys.",
        ),
    };
    let told = of_kinds(proof);
    let advice = match &told {
        Some(_) => "For those kinds it is not used; others go by it. The vendor's log may say why.",
        None => advice,
    };
    let message = format!("{name} {what}{}{detail}.", told.unwrap_or_default());
    Some(Finding::new(severity, code, message, advice))
}

/// Which kinds came out so, where a strategy passed for others.
fn of_kinds(proof: &Proof) -> Option<String> {
    if proof.outcome.passed() || !proof.kinds.iter().any(|kind| kind.outcome.passed()) {
        return None;
    }
    let so = proof
        .kinds
        .iter()
        .filter(|kind| kind.outcome == proof.outcome);
    let names: Vec<&str> = so.map(|kind| kind.kind.name()).collect();
    Some(format!(", for {}", names.join(" and ")))
}

/// The kinds that the self-test did not cover.
pub(super) fn uncovered(kinds: &[TargetKind]) -> Option<Finding> {
    if kinds.is_empty() {
        return None;
    }
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    Some(Finding::note(
        "kinds-not-covered",
        format!(
            "The self-test made no key of these kinds: {}.",
            names.join(", ")
        ),
        "They are expected to go as their family does. Compare the public keys after the import.",
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use keyferry_core::Strategy;

    use super::*;
    use crate::hsm::KindProof;

    fn told(outcomes: &[(TargetKind, SelfTest)]) -> String {
        let kinds = outcomes.iter().map(|(kind, outcome)| KindProof {
            kind: *kind,
            outcome: *outcome,
            trailing_zeros: 0,
            length: None,
            detail: None,
            call: None,
        });
        let proof = Proof {
            strategy: Strategy::RsaAesKeyWrap,
            outcome: SelfTest::Failed,
            kinds: kinds.collect(),
        };
        let finding = of_proof(&proof).unwrap();
        format!("{} {}", finding.message, finding.advice)
    }

    #[test]
    fn a_strategy_that_fails_for_some_kinds_alone_is_not_called_unused() {
        use SelfTest::{Exact, Failed};
        use TargetKind::{Aes256, P256, Rsa2048};
        let some = told(&[(Rsa2048, Failed), (P256, Failed), (Aes256, Exact)]);
        assert!(
            some.contains("for RSA-2048 and P-256.") && some.contains("others go by it"),
            "{some}"
        );
        let all = told(&[(Rsa2048, Failed), (P256, Failed)]);
        assert!(
            all.contains("It is not used") && !all.contains(", for "),
            "{all}"
        );
    }
}
