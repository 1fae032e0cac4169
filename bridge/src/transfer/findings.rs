//! What to know about a transfer, besides that it was done.

use keyferry_core::{Finding, SelfTest};

use super::method::UNPROVEN;
use super::terms::attestation_findings;
use crate::approve::WrapQuestion;
use crate::hsm::{Coverage, DisposableObjects, SelfTestReport};

/// The findings of a transfer that was approved by `question` and wrapped as `report` allows.
pub(super) fn findings(question: &WrapQuestion, report: &SelfTestReport) -> Vec<Finding> {
    let mut findings = question.kid.findings();
    let choice = &question.choice;
    let target = question.target;
    if choice.self_test == SelfTest::TrailingZeros {
        let seen = match choice.coverage {
            Coverage::Kind { zeros } => format!("{zeros} after the {target} key of the self-test"),
            Coverage::Family { tried, zeros } => {
                format!("{zeros} after the {tried} key of the self-test")
            }
            Coverage::Nothing => "nothing was tried".to_owned(),
        };
        findings.push(Finding::warning(
            "trailing-zeros",
            format!("This token adds up to seven zero bytes after the key ({seen})."),
            "Whether Azure takes them is unknown: compare the vault's public key with the token's after the import.",
        ));
    }
    match choice.coverage {
        Coverage::Kind { .. } => {}
        Coverage::Family { tried, .. } => findings.push(Finding::note(
            "kind-not-self-tested",
            format!("The self-test could not cover {target}; it opened a key of the kind {tried}, wrapped by {}.", choice.strategy),
            "A token treats the kinds of a family alike. Compare the vault's public key with the token's after the import.",
        )),
        Coverage::Nothing => findings.push(Finding::warning(
            UNPROVEN,
            format!("Nothing that {} makes on this token was ever opened: it was used unproven, as asked.", choice.strategy),
            "The vault may refuse the file. Compare the vault's public key with the token's after the import, and keep the key in the HSM until then.",
        )),
    }
    findings.extend(attestation_findings(
        &question.kid,
        question.attested.as_ref(),
    ));
    findings.extend(report.extractable.finding());
    if report.objects == DisposableObjects::Token {
        findings.push(Finding::note(
            "disposable-token-objects",
            "This token takes no session objects: KEK and wrapping key were on it for the moment of the wrap, and were destroyed.",
            "If the program was ever killed meanwhile, look for objects labelled `keyferry disposable` and delete them.",
        ));
    }
    if question.token.software {
        findings.push(Finding::warning(
            "software-token",
            "The key came from a software token; it was never in hardware.",
            "Use a key of an HSM for anything but practice.",
        ));
    }
    findings
}
