//! What a vendor profile adds to a report: advice, and where the token differs from what is
//! published. It adds findings alone; no verdict depends on it.

use std::path::Path;

use keyferry_core::{Finding, Severity, Strategy};

use super::report::{ExpectationReport, ProfileReport, VariableReport};
use crate::profile::{Constraint, Firmware, Listed, Profile, Recognised, RecognisedBy, Variable};

/// The profile as the report shows it.
pub(super) fn report(recognised: Recognised) -> ProfileReport {
    let Recognised { profile, by } = recognised;
    ProfileReport {
        name: profile.name.clone(),
        title: &profile.title,
        kind: profile.kind,
        recognised_by: by,
        listed: profile.listed,
        own_tool: profile.own_tool.as_deref(),
        variables: profile
            .variables
            .iter()
            .map(|variable| VariableReport {
                name: &variable.name,
                about: &variable.about,
                set: is_set(variable),
            })
            .collect(),
        expectations: profile
            .expectations
            .iter()
            .map(|expectation| ExpectationReport {
                strategy: expectation.strategy,
                listed: expectation.listed,
                source: expectation.source.as_deref(),
            })
            .collect(),
        steps: &profile.steps,
    }
}

/// The profile's known traps. One of old firmware is a warning where the token's is old, and left
/// out where it is not.
pub(super) fn traps(profile: &Profile, firmware: Option<&str>) -> Vec<Finding> {
    let of = |constraint| trap(constraint, firmware);
    profile.constraints.iter().filter_map(of).collect()
}

fn trap(constraint: &Constraint, firmware: Option<&str>) -> Option<Finding> {
    let (severity, told) = match (constraint.firmware_before, firmware) {
        (Some(limit), Some(text)) => match text.parse::<Firmware>() {
            Ok(version) if version >= limit => return None,
            Ok(_) => (Severity::Warning, format!(" This token has {text}.")),
            Err(_) => (Severity::Note, String::new()),
        },
        _ => (Severity::Note, String::new()),
    };
    let assumed = if constraint.assumed {
        " (Assumed from a product of the same lineage.)"
    } else {
        ""
    };
    Some(Finding {
        code: constraint.code.clone(),
        severity,
        message: format!("{}{told}{assumed}", constraint.message),
        advice: constraint.advice.clone(),
    })
}

/// Where the token lists other strategies than the profile expects.
pub(super) fn differences(profile: &Profile, listed: &[Strategy]) -> Vec<Finding> {
    Strategy::ALL
        .into_iter()
        .filter_map(|strategy| {
            let is_listed = listed.contains(&strategy);
            let differs = match profile.expects(strategy) {
                Listed::Yes => !is_listed,
                Listed::No => is_listed,
                Listed::Unknown => false,
            };
            let (told, expected) = if is_listed {
                ("lists", "does not expect")
            } else {
                ("does not list", "expects")
            };
            differs.then(|| {
                Finding::note(
                    "profile-differs",
                    format!(
                        "This token {told} what {strategy} needs, which the profile {} {expected}.",
                        profile.name
                    ),
                    "The token's word and the self-test count, not the profile. Client, firmware or partition settings may differ from what is published.",
                )
            })
        })
        .collect()
}

/// `--profile` says one vendor, module and token another.
pub(super) fn contradiction(asked: &Profile, recognised: &Profile) -> Finding {
    Finding::warning(
        "profile-contradicts-token",
        format!(
            "The profile {} was asked for; library and token look like {}.",
            asked.name, recognised.name
        ),
        "Advice and variables are of the profile that was asked for. What can travel is decided by the token alone.",
    )
}

/// Which of the profile's variables are missing, for a module that does not work.
pub(super) fn missing_configuration(profile: &Profile) -> Option<Finding> {
    let missing: Vec<String> = profile
        .variables
        .iter()
        .filter(|variable| !is_set(variable) && !has_fallback(variable))
        .map(|variable| format!("{} ({})", variable.name, variable.about))
        .collect();
    if missing.is_empty() {
        return None;
    }
    Some(Finding::warning(
        "configuration-variable-missing",
        format!(
            "{} reads variables that are not set here: {}.",
            profile.title,
            missing.join("; ")
        ),
        "Set what your installation needs, and start keyferry again; it passes them to the library.",
    ))
}

/// Variables that are set here, and that the library did not get: the profile came to light only
/// when it was loaded.
pub(super) fn not_passed(recognised: Recognised, passed: &[String]) -> Option<Finding> {
    if matches!(
        recognised.by,
        RecognisedBy::Option | RecognisedBy::LibraryPath
    ) {
        return None;
    }
    let names: Vec<&str> = recognised
        .profile
        .variables
        .iter()
        .filter(|variable| is_set(variable) && !passed.contains(&variable.name))
        .map(|variable| variable.name.as_str())
        .collect();
    if names.is_empty() {
        return None;
    }
    Some(Finding::warning(
        "variable-not-passed",
        format!(
            "{} is set here and was not passed to the library, whose file name is not known.",
            names.join(", ")
        ),
        format!("To pass it, say --profile {}.", recognised.profile.name),
    ))
}

fn is_set(variable: &Variable) -> bool {
    std::env::var_os(&variable.name).is_some_and(|value| !value.is_empty())
}

fn has_fallback(variable: &Variable) -> bool {
    variable
        .fallback
        .as_deref()
        .is_some_and(|path| Path::new(path).exists())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::profile::Catalogue;

    #[test]
    fn a_token_that_differs_from_its_profile_is_told_and_unknown_is_no_expectation() {
        let luna = Catalogue::named("thales-luna").unwrap();
        let as_published = [Strategy::OaepLunaKwp];
        assert!(differences(luna, &as_published).is_empty());
        assert!(differences(luna, &[Strategy::OaepLunaKwp, Strategy::OaepKwp]).is_empty());
        let other = differences(luna, &[Strategy::RsaAesKeyWrap]);
        let codes: Vec<&str> = other.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, ["profile-differs", "profile-differs"]);
        assert!(
            other
                .iter()
                .all(|finding| finding.severity == Severity::Note)
        );
    }

    #[test]
    fn variables_that_no_file_stands_in_for_are_named() {
        let utimaco = Catalogue::named("utimaco").unwrap();
        let finding = missing_configuration(utimaco).unwrap();
        assert!(
            finding.message.contains("CS_PKCS11_R3_CFG"),
            "{}",
            finding.message
        );
        let marvell = Catalogue::named("marvell-liquidsecurity").unwrap();
        assert!(missing_configuration(marvell).is_none());
    }

    #[test]
    fn a_trap_of_old_firmware_is_a_warning_there_and_silent_elsewhere() {
        let luna = Catalogue::named("thales-luna").unwrap();
        let severity = |firmware: Option<&str>| {
            traps(luna, firmware)
                .iter()
                .find(|trap| trap.code == "luna-firmware-rsa-4096")
                .map(|trap| trap.severity)
        };
        assert_eq!(severity(Some("7.3")), Some(Severity::Warning));
        assert_eq!(severity(Some("6.24")), Some(Severity::Warning));
        assert_eq!(severity(Some("7.4")), None);
        assert_eq!(severity(Some("10.1")), None);
        assert_eq!(severity(Some("odd")), Some(Severity::Note));
        assert_eq!(severity(None), Some(Severity::Note));
    }

    #[test]
    fn every_trap_of_the_profile_is_a_note() {
        let marvell = Catalogue::named("marvell-liquidsecurity").unwrap();
        let traps = traps(marvell, None);
        assert_eq!(traps.len(), marvell.constraints.len());
        assert!(traps.iter().all(|trap| trap.severity == Severity::Note));
        assert!(traps[0].message.contains("Assumed"), "{}", traps[0].message);
    }
}
