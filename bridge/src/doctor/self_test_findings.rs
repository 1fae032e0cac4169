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
    let message = format!("{name} {what}{detail}.");
    Some(Finding::new(severity, code, message, advice))
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
