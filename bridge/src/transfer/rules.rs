//! What may travel where.

use keyferry_core::{KeyInfo, KeySelector, Kid, Outcome, TokenInfo, visible};

use crate::Error;
use crate::config::SoftwareKeys;
use crate::hsm::{HsmError, RehearsalKey};

/// Practice and real life never mix, and software is never taken for hardware. To a practice vault go
/// keys of the embedded token, and the one key that a rehearsal made for this wrap.
pub(super) fn check_destination(
    kid: &Kid,
    key: &KeySelector,
    token: &TokenInfo,
    software: SoftwareKeys,
    rehearsal: Option<&RehearsalKey>,
) -> Result<(), Error> {
    // Named by label and id both, so that no other key can be meant.
    let made_for_this = rehearsal.is_some_and(|made| made.selector() == *key);
    let label = || {
        visible(
            key.label
                .as_deref()
                .or(key.id.as_deref())
                .unwrap_or_default(),
        )
    };
    match (kid.is_practice(), token.software, software) {
        (true, false, _) if !made_for_this => Err(Error::PracticeKeyRefused {
            label: label(),
            kid: visible(kid.as_str()),
        }),
        (false, true, SoftwareKeys::Refused) => Err(Error::SoftwareKeyRefused {
            label: label(),
            kid: visible(kid.as_str()),
        }),
        (true, _, _) | (false, false, _) | (false, true, SoftwareKeys::Allowed) => Ok(()),
    }
}

/// The one key that `selector` names, if it can travel.
pub(crate) fn find_key(keys: &[KeyInfo], selector: &KeySelector) -> Result<KeyInfo, Error> {
    let fits = |key: &&KeyInfo| {
        // A selector that names nothing means no key, not any.
        (selector.label.is_some() || selector.id.is_some())
            && selector
                .label
                .as_ref()
                .is_none_or(|label| *label == key.label)
            && selector
                .id
                .as_ref()
                .is_none_or(|id| id.eq_ignore_ascii_case(&key.id))
    };
    let found: Vec<&KeyInfo> = keys.iter().filter(fits).collect();
    let wanted = visible(
        selector
            .label
            .as_deref()
            .or(selector.id.as_deref())
            .unwrap_or_default(),
    );
    match found.as_slice() {
        [] => Err(HsmError::KeyUnknown { wanted }.into()),
        [key] => check_transferable(key).map(|()| (*key).clone()),
        several => {
            let ids = several.iter().map(|key| key.id.clone()).collect();
            Err(HsmError::KeyAmbiguous { wanted, ids }.into())
        }
    }
}

/// Refuses a key that cannot travel, with its reasons.
pub(super) fn check_transferable(key: &KeyInfo) -> Result<(), Error> {
    if key.transferable {
        return Ok(());
    }
    Err(HsmError::KeyNotTransferable {
        wanted: visible(if key.label.is_empty() {
            &key.id
        } else {
            &key.label
        }),
        reasons: key.reasons.clone(),
    }
    .into())
}

/// Who said no, or what broke.
pub(crate) fn outcome_of(error: &Error) -> Outcome {
    match error {
        Error::SoftwareKeyRefused { .. }
        | Error::PolicyRefused { .. }
        | Error::SecondApproverRefused { .. }
        | Error::AttestationRefused { .. }
        | Error::PracticeKeyRefused { .. }
        | Error::KekMismatch { .. }
        | Error::ApprovalRefused
        | Error::ApprovalTimeout { .. }
        | Error::ApprovalMismatch
        | Error::BridgeLocked
        | Error::PromptUnavailable
        | Error::Hsm(
            HsmError::KeyNotTransferable { .. }
            | HsmError::SelfTestFailed { .. }
            | HsmError::UnprovenNeedless { .. }
            | HsmError::StrategyNotListed { .. },
        ) => Outcome::Refused,
        Error::Hsm(HsmError::Explained { error, .. }) => outcome_of(&Error::Hsm((**error).clone())),
        _ => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::sample::token;
    use keyferry_core::{Admission, PracticeAuthority, Reason};

    const REAL: &str = "https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef";
    const PRACTICE: &str = "https://127.0.0.1:8443/keys/kek/0123456789abcdef0123456789abcdef";

    fn destination(kid: &str, software_token: bool, software: SoftwareKeys) -> &'static str {
        let practice = PracticeAuthority::new("127.0.0.1", 8443).unwrap();
        let admission = Admission {
            practice: Some(practice),
            extra_suffixes: Vec::new(),
        };
        let kid = Kid::parse(kid, &admission).unwrap();
        let token = TokenInfo {
            software: software_token,
            ..token()
        };
        match check_destination(&kid, &selector(Some("key"), None), &token, software, None) {
            Ok(()) => "goes",
            Err(error) => error.code(),
        }
    }

    #[test]
    fn a_hardware_token_practises_with_the_one_key_that_the_rehearsal_made() {
        let practice = PracticeAuthority::new("127.0.0.1", 8443).unwrap();
        let admission = Admission {
            practice: Some(practice),
            extra_suffixes: Vec::new(),
        };
        let token = token();
        let made = RehearsalKey::pretended(key("made", "01"));
        let goes = |kid: &str, selector: &KeySelector| {
            let kid = Kid::parse(kid, &admission).unwrap();
            let made = Some(&made);
            check_destination(&kid, selector, &token, SoftwareKeys::Refused, made).is_ok()
        };
        assert!(goes(PRACTICE, &selector(Some("made"), Some("01"))));
        for other in [
            selector(Some("made"), None),
            selector(None, Some("01")),
            selector(Some("made"), Some("02")),
            selector(Some("own"), Some("01")),
        ] {
            assert!(!goes(PRACTICE, &other), "{other:?}");
        }
    }

    #[test]
    fn hardware_goes_to_real_vaults_and_software_only_when_allowed() {
        assert_eq!(destination(REAL, false, SoftwareKeys::Refused), "goes");
        assert_eq!(
            destination(REAL, true, SoftwareKeys::Refused),
            "software-key-refused"
        );
        assert_eq!(destination(REAL, true, SoftwareKeys::Allowed), "goes");
    }

    #[test]
    fn only_the_software_token_practises() {
        for software in [SoftwareKeys::Refused, SoftwareKeys::Allowed] {
            assert_eq!(destination(PRACTICE, true, software), "goes");
            assert_eq!(
                destination(PRACTICE, false, software),
                "practice-key-refused"
            );
        }
    }

    fn selector(label: Option<&str>, id: Option<&str>) -> KeySelector {
        KeySelector {
            label: label.map(str::to_owned),
            id: id.map(str::to_owned),
        }
    }

    fn key(label: &str, id: &str) -> KeyInfo {
        KeyInfo {
            label: label.to_owned(),
            id: id.to_owned(),
            kind: "P-256".to_owned(),
            transferable: true,
            reasons: Vec::new(),
            spki: None,
        }
    }

    fn found(keys: &[KeyInfo], selector: &KeySelector) -> Result<String, &'static str> {
        find_key(keys, selector)
            .map(|key| key.id)
            .map_err(|error| error.code())
    }

    #[test]
    fn a_key_is_found_by_label_by_id_and_by_both() {
        let keys = [key("a", "01"), key("b", "0a")];
        assert_eq!(
            found(&keys, &selector(Some("a"), None)),
            Ok("01".to_owned())
        );
        assert_eq!(
            found(&keys, &selector(None, Some("0A"))),
            Ok("0a".to_owned())
        );
        assert_eq!(
            found(&keys, &selector(Some("a"), Some("0a"))),
            Err("key-unknown")
        );
    }

    #[test]
    fn a_label_that_fits_two_keys_is_refused_until_the_id_tells_them_apart() {
        let keys = [key("a", "01"), key("a", "02")];
        assert_eq!(
            found(&keys, &selector(Some("a"), None)),
            Err("key-ambiguous")
        );
        assert_eq!(
            found(&keys, &selector(Some("a"), Some("02"))),
            Ok("02".to_owned())
        );
    }

    #[test]
    fn a_selector_that_names_nothing_finds_nothing() {
        assert_eq!(
            found(&[key("a", "01")], &selector(None, None)),
            Err("key-unknown")
        );
    }

    #[test]
    fn a_key_that_cannot_travel_is_refused_with_its_reason() {
        let reason = Reason {
            code: "not-extractable".to_owned(),
            message: "it is not extractable".to_owned(),
            advice: "Make another.".to_owned(),
        };
        let stuck = KeyInfo {
            transferable: false,
            reasons: vec![reason],
            ..key("a", "01")
        };
        assert_eq!(
            found(&[stuck], &selector(Some("a"), None)),
            Err("not-extractable")
        );
    }
}
