//! What is worth saying of module, token and self-test.

use keyferry_core::{Finding, ModuleOffer, Reason, Severity};

use super::report::KindVerdict;
use crate::Error;
use crate::hsm::{ChosenToken, HsmError, LoginStyle, Mechanism, PinState};
use crate::profile::{Profile, ProfileKind};

/// What stands in the way of every kind, as a finding that says no.
pub(super) fn of_obstacle(obstacle: &Reason) -> Finding {
    Finding {
        code: obstacle.code.clone(),
        severity: Severity::Error,
        message: obstacle.message.clone(),
        advice: obstacle.advice.clone(),
    }
}

/// An error as what stands in the way of every kind.
pub(super) fn obstacle(error: &Error) -> Reason {
    Reason {
        code: error.code().to_owned(),
        message: error.to_string(),
        advice: error.advice(),
    }
}

/// The PIN's flags, where they ask for care.
pub(super) fn of_pin(token: &ChosenToken) -> Vec<Finding> {
    let mut found = Vec::new();
    if token.login_required && !token.pin_set {
        found.push(of_obstacle(&obstacle(&HsmError::PinNotSet.into())));
    }
    match token.token.pin_state {
        PinState::Locked => found.push(of_obstacle(&obstacle(&HsmError::PinLocked.into()))),
        PinState::FinalTry => found.push(Finding::warning(
            "pin-final-try",
            "One more wrong PIN locks the token.",
            "Make sure of the PIN first. Keyferry asks before it spends the final try.",
        )),
        PinState::CountLow => found.push(Finding::warning(
            "pin-count-low",
            "A wrong PIN was given since the last right one.",
            "Make sure of the PIN: few tries are left. A right one resets the count.",
        )),
        PinState::Ok => {}
    }
    if token.pin_to_be_changed {
        found.push(Finding::warning(
            "pin-to-be-changed",
            "The token wants its PIN changed before it is used.",
            "Change it with the vendor's tool.",
        ));
    }
    found
}

/// Mechanisms that a strategy needs, and that the token lists for other uses alone.
pub(super) fn of_mechanisms(mechanisms: &[Mechanism]) -> Option<Finding> {
    let names: Vec<String> = mechanisms
        .iter()
        .filter(|one| one.is_for_transfers() && !one.can_wrap())
        .map(Mechanism::to_string)
        .collect();
    if names.is_empty() {
        return None;
    }
    Some(Finding::note(
        "listed-without-wrap",
        format!(
            "The token lists {} without CKF_WRAP, so for other uses than wrapping keys.",
            names.join(", ")
        ),
        "Strategies that need it are not tried. A setting of the token or a newer client may allow it.",
    ))
}

/// Why no key is listed, and how to have them listed.
pub(super) fn keys_not_listed(token: &ChosenToken) -> Finding {
    let advice = match token.token.login {
        LoginStyle::Pin => {
            "To log in, say where the PIN comes from: --pin-source prompt, pinentry, env:NAME, file:PATH or fd:N."
        }
        LoginStyle::PinPad => {
            "To log in at the device's PIN pad, say --pin-source protected and have somebody there."
        }
    };
    Finding::unchecked(
        "keys-not-listed",
        "Nobody logged in, so the token's keys are not listed.",
        advice,
    )
}

/// No module was named, only a vendor.
pub(super) fn no_module(profile: &Profile) -> Reason {
    match profile.kind {
        ProfileKind::KeyManager => Reason {
            code: "no-pkcs11".to_owned(),
            message: format!("{} has no PKCS#11 library of its own", profile.title),
            advice: "Have it export the key transfer file; Keyferry checks the file.".to_owned(),
        },
        ProfileKind::Hsm | ProfileKind::Software => Reason {
            code: "module-not-chosen".to_owned(),
            message: format!("no library of {} was chosen", profile.title),
            advice: "Give its path with --module PATH: nothing is loaded without being chosen."
                .to_owned(),
        },
    }
}

/// The embedded token is software, and what else could be used.
pub(super) fn of_embedded(offers: &[ModuleOffer]) -> Vec<Finding> {
    let mut found = vec![Finding::note(
        "software-token",
        "This is the embedded software token: its keys were never in hardware.",
        "For an HSM, give its library with --module PATH. Keys of this token go to a real vault only with --software-token.",
    )];
    found.extend(offers.iter().filter(|offer| !offer.software).map(of_offer));
    found
}

/// A library that is installed here.
pub(super) fn of_offer(offer: &ModuleOffer) -> Finding {
    Finding::note(
        "library-found",
        format!("Found: {} at {}.", offer.name, offer.path),
        format!("To use it: --module {}", offer.path),
    )
}

/// Why no kind can travel, unless an error says so already.
pub(super) fn nothing_travels(verdicts: &[KindVerdict], found: &[Finding]) -> Option<Finding> {
    let told = found.iter().any(Finding::is_error);
    if told || verdicts.iter().any(|verdict| verdict.transferable) {
        return None;
    }
    let first = verdicts.first()?.reasons.first()?;
    Some(of_obstacle(first))
}

/// Worst first; in the order of discovery within a severity.
pub(super) fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| match finding.severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Unchecked => 2,
        Severity::Note => 3,
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn mechanism(number: u64, flags: u64) -> Mechanism {
        Mechanism {
            number,
            flags,
            min_key_size: 0,
            max_key_size: 0,
        }
    }

    #[test]
    fn a_mechanism_that_is_listed_for_encryption_alone_is_named() {
        // CKF_WRAP is 0x20000, CKF_ENCRYPT 0x100 (PKCS#11 v3.1 §3.5).
        let found = of_mechanisms(&[
            mechanism(9, 0x100),
            mechanism(0x210A, 0x2_0000),
            mechanism(0x1040, 0x1_0000),
        ])
        .unwrap();
        assert!(
            found.message.contains("CKM_RSA_PKCS_OAEP 0x9"),
            "{}",
            found.message
        );
        assert!(!found.message.contains("0x210A") && !found.message.contains("0x1040"));
        assert!(of_mechanisms(&[mechanism(9, 0x2_0000)]).is_none());
    }

    #[test]
    fn only_a_library_of_an_hsm_is_offered_beside_the_embedded_token() {
        let offer = |software| ModuleOffer {
            profile: "thales-luna".into(),
            name: "Luna client".into(),
            path: "/opt/luna.so".into(),
            software,
        };
        let found = of_embedded(&[offer(true), offer(false)]);
        let codes: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["software-token", "library-found"]);
        assert!(
            found
                .iter()
                .any(|one| one.message == "Found: Luna client at /opt/luna.so.")
        );
    }

    #[test]
    fn findings_stand_worst_first_and_else_as_they_were_found() {
        let mut found = vec![
            Finding::note("n-1", "", ""),
            Finding::unchecked("u-1", "", ""),
            Finding::warning("w-1", "", ""),
            Finding::note("n-2", "", ""),
            Finding::new(Severity::Error, "e-1", "", ""),
            Finding::warning("w-2", "", ""),
        ];
        sort(&mut found);
        let codes: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["e-1", "w-1", "w-2", "u-1", "n-1", "n-2"]);
    }
}
