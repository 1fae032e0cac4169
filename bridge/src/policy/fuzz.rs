//! What has to hold for every policy. Fed by the fuzzer (`tests/fuzz`), and with the same seeds by `cargo test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fuzz target finds by panics"
)]

use std::path::PathBuf;
use std::sync::LazyLock;

use keyferry_core::{
    Admission, AttestationVerdict, HardwareResult, HardwareVerdict, Kek, KekSource, KeyResult,
    KeyVerdict, PoolResult, PoolVerdict,
};

use super::file::{Content, PolicyFile};
use super::{Asking, Case, Policy};
use crate::Error;

static KEKS: LazyLock<[Kek; 2]> = LazyLock::new(|| {
    let documents: [&[u8]; 2] = [
        include_bytes!("../../../tests/cases/kek/az-show-2048/input"),
        include_bytes!("../../../tests/cases/kek/az-show-4096/input"),
    ];
    documents.map(|document| {
        Kek::admit(&KekSource {
            document,
            beside: None,
            kid: None,
            now: None,
            admission: &Admission::default(),
        })
        .unwrap()
    })
});

/// Allows all and leaves the question out.
const UNASKED: &str = "[[rule]]\nname = 'all'\nwithout_asking = true\n";

/// Reads `LABEL⏎POLICY` and judges wraps of that key by it.
///
/// # Panics
/// When something that has to hold does not.
pub fn policy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (label, text) = text.split_once('\n').unwrap_or(("", &text));
    let content = match Content::parse(text) {
        Ok(content) => content,
        Err(reason) => {
            assert!(!reason.is_empty());
            return;
        }
    };
    assert_eq!(Content::parse(text).as_ref(), Ok(&content));
    let alone = of(vec![content.clone()]);
    let unasked = of(vec![Content::parse(UNASKED).unwrap()]);
    let with_another = of(vec![content.clone(), Content::parse(UNASKED).unwrap()]);
    let with_silence = of(vec![Content::default(), content.clone()]);
    for kek in KEKS.iter() {
        for attestation in [
            None,
            Some(PoolVerdict::Mismatch),
            Some(PoolVerdict::NotVerified),
            Some(PoolVerdict::Pinned),
        ] {
            let verdict = attestation.map(attested);
            let case = Case {
                label,
                kek,
                attestation: verdict.as_ref(),
            };
            let judged = outcome(&alone, &case);
            // A second policy narrows and never widens.
            assert_eq!(outcome(&unasked, &case), Ok(Asking::Nobody));
            assert_eq!(outcome(&with_another, &case), judged);
            assert_eq!(
                outcome(&with_silence, &case),
                judged.clone().map(|_| Asking::Person)
            );
            if judged == Ok(Asking::Nobody) {
                assert!(content.rules.iter().any(|rule| rule.without_asking));
            }
            if alone.check_kek(kek).is_err() {
                assert!(
                    judged.is_err(),
                    "what is refused before the token is asked stays refused"
                );
            }
            if let Ok(asking) = &judged {
                // A better attestation takes nothing away.
                let best = attested(PoolVerdict::Pinned);
                let better = Case {
                    attestation: Some(&best),
                    ..case
                };
                assert_eq!(outcome(&alone, &better).as_ref(), Ok(asking));
            }
        }
    }
}

fn of(contents: Vec<Content>) -> Policy {
    let files = contents
        .into_iter()
        .map(|content| PolicyFile {
            path: PathBuf::from("policy.toml"),
            content,
        })
        .collect();
    Policy { files }
}

/// Whether somebody is asked, or the rule that refuses.
fn outcome(policy: &Policy, case: &Case<'_>) -> Result<Asking, String> {
    match policy.judge(case) {
        Ok(judgement) => Ok(judgement.asking),
        Err(Error::PolicyRefused { rule, why, .. }) => {
            assert!(!rule.is_empty() && !why.is_empty());
            assert!(!rule.chars().chain(why.chars()).any(char::is_control));
            Err(rule)
        }
        Err(other) => panic!("{other}"),
    }
}

/// The verdict on an attestation that is good but for its pool.
pub(super) fn attested(pool: PoolVerdict) -> AttestationVerdict {
    AttestationVerdict {
        hardware: HardwareResult {
            verdict: HardwareVerdict::Genuine,
            why: String::new(),
        },
        key: KeyResult {
            verdict: KeyVerdict::MadeInside,
            why: String::new(),
        },
        pool: PoolResult {
            verdict: pool,
            fingerprint_sha256: None,
        },
        findings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_of_policies_hold() {
        assert!(crate::fuzz_seeds::each("policy", super::policy).len() >= 15);
    }
}
