//! The examination itself: look around, log in where that asks nobody, gather.

use std::path::Path;

use keyferry_core::{Finding, KeyInfo, Reason};

use super::evidence::Evidence;
use super::findings;
use super::inside::Inside;
use super::profile_findings;
use super::report::{MechanismReport, ModuleReport, PinReport, Report, TokenReport};
use super::self_test_findings;
use crate::Error;
use crate::approve::Prompter;
use crate::config::Settings;
use crate::error::shown;
use crate::hsm::{ChosenToken, Hsm, HsmError, Module, Survey, WorkerOptions};
use crate::profile::{self, Catalogue, Explainer, Profile, Recognised, RecognisedBy, Strings};

/// What to examine.
pub struct Order<'a> {
    /// Which module and token, and where the PIN comes from. Without a source nobody is asked.
    pub settings: &'a Settings,
    /// The profile that was asked for.
    pub profile: Option<&'static Profile>,
    /// Whether to run the self-test.
    pub self_test: SelfTestWish,
    /// Where people are asked, when the PIN's source is a prompt.
    pub prompter: Prompter,
}

/// Whether the self-test was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfTestWish {
    /// It makes and destroys keys on the token, so it is not run unasked.
    No,
    /// `--self-test`.
    Yes,
}

/// Examines this workstation.
///
/// # Errors
/// Only where no verdict can be reached: the worker does not start, the state folder cannot be used.
pub async fn examine(order: Order<'_>) -> Result<Report, Error> {
    let settings = order.settings;
    let options = WorkerOptions {
        deadlines: settings.file.deadlines.deadlines(),
        ..WorkerOptions::this_program(&settings.module_env)?
    };
    let hsm = Hsm::start(options).await?;
    let survey = match hsm.survey(settings.open.clone()).await {
        Ok(survey) => survey,
        Err(error) => return Ok(not_started(&order, &error.into())),
    };
    let recognised = recognise(&order, &survey);
    let mut found = about_profile(&order, recognised, &survey);
    let module = ModuleReport {
        path: library(settings).map(shown),
        loaded: true,
        info: Some(survey.module.clone()),
        slots: survey.slots,
    };
    let token = match survey.chosen {
        Ok(token) => token,
        Err(error) => {
            let error = Error::from(error);
            if matches!(error, Error::Hsm(HsmError::TokenAbsent)) {
                found.extend(
                    recognised.and_then(|one| profile_findings::missing_configuration(one.profile)),
                );
            }
            let obstacle = findings::obstacle(&error);
            return Ok(no_token(Some(module), recognised, obstacle, found));
        }
    };
    if library(settings).is_none() {
        found.extend(findings::of_embedded(&profile::offers()));
    }
    found.extend(findings::of_pin(&token));
    found.extend(findings::of_mechanisms(&token.mechanisms));
    let inside = Inside::look(&order, hsm, &token, &mut found).await?;
    let evidence = Evidence {
        obstacle: inside.obstacle,
        mechanisms: &token.mechanisms,
        listed: &token.listed,
        proofs: inside
            .report
            .as_ref()
            .map(|report| report.proofs.as_slice()),
        explainer: Some(Explainer {
            profile: recognised.map(|recognised| recognised.profile),
            token: &token.token.info,
        }),
    };
    if let Some(report) = &inside.report {
        found.extend(self_test_findings::of_proofs(&report.proofs));
        found.extend(report.extractable.finding());
    }
    found.extend(self_test_findings::uncovered(&evidence.uncovered()));
    let verdicts = evidence.verdicts();
    found.extend(findings::nothing_travels(&verdicts, &found));
    findings::sort(&mut found);
    Ok(Report {
        module: Some(module),
        profile: recognised.map(profile_findings::report),
        strategies: evidence.strategies(),
        verdicts,
        findings: found,
        token: Some(token_report(&token, inside.keys)),
    })
}

/// The report on a vendor alone, when no module was chosen: what is installed, and the way that
/// exists where PKCS#11 has none.
#[must_use]
pub fn without_module(profile: &'static Profile) -> Report {
    let recognised = Recognised {
        profile,
        by: RecognisedBy::Option,
    };
    let mut found = profile_findings::traps(profile, None);
    let offers = profile::offers();
    let own = offers
        .iter()
        .filter(|offer| offer.profile == profile.name.as_str());
    found.extend(own.map(findings::of_offer));
    no_token(None, Some(recognised), findings::no_module(profile), found)
}

fn not_started(order: &Order<'_>, error: &Error) -> Report {
    let path = library(order.settings);
    let recognised = order
        .profile
        .map(|profile| Recognised {
            profile,
            by: RecognisedBy::Option,
        })
        .or_else(|| Catalogue::recognise(&Strings::default(), path));
    let mut found = Vec::new();
    if let Some(Recognised { profile, .. }) = recognised {
        found.extend(profile_findings::missing_configuration(profile));
        found.extend(profile_findings::traps(profile, None));
    }
    if matches!(error, Error::Hsm(HsmError::ModuleMissing { .. })) {
        let offers = profile::offers();
        let hsms = offers.iter().filter(|offer| !offer.software);
        found.extend(hsms.map(findings::of_offer));
    }
    let module = ModuleReport {
        path: path.map(shown),
        loaded: false,
        info: None,
        slots: Vec::new(),
    };
    no_token(Some(module), recognised, findings::obstacle(error), found)
}

/// A report that ends before a token was reached.
fn no_token(
    module: Option<ModuleReport>,
    recognised: Option<Recognised>,
    obstacle: Reason,
    mut found: Vec<Finding>,
) -> Report {
    found.push(findings::of_obstacle(&obstacle));
    let evidence = Evidence {
        obstacle: Some(obstacle),
        ..Evidence::default()
    };
    findings::sort(&mut found);
    Report {
        module,
        token: None,
        profile: recognised.map(profile_findings::report),
        strategies: evidence.strategies(),
        verdicts: evidence.verdicts(),
        findings: found,
    }
}

/// `--profile` first, then what module and token say.
fn recognise(order: &Order<'_>, survey: &Survey) -> Option<Recognised> {
    let asked = order.profile.map(|profile| Recognised {
        profile,
        by: RecognisedBy::Option,
    });
    asked.or_else(|| recognise_by_words(order, survey))
}

fn recognise_by_words(order: &Order<'_>, survey: &Survey) -> Option<Recognised> {
    // The embedded token is known for what it is.
    let path = library(order.settings)?;
    let token = survey.chosen.as_ref().ok().map(|token| &token.token.info);
    let strings = Strings {
        token_manufacturer: token.map_or("", |token| &token.manufacturer),
        token_model: token.map_or("", |token| &token.model),
        module_manufacturer: &survey.module.manufacturer,
        module_description: &survey.module.description,
    };
    Catalogue::recognise(&strings, Some(path))
}

fn about_profile(
    order: &Order<'_>,
    recognised: Option<Recognised>,
    survey: &Survey,
) -> Vec<Finding> {
    let Some(recognised) = recognised else {
        return Vec::new();
    };
    let profile = recognised.profile;
    let mut found = Vec::new();
    if let (Some(asked), Some(by_words)) = (order.profile, recognise_by_words(order, survey))
        && asked.name != by_words.profile.name
    {
        found.push(profile_findings::contradiction(asked, by_words.profile));
    }
    found.extend(profile_findings::not_passed(
        recognised,
        &order.settings.module_env,
    ));
    if let Ok(token) = &survey.chosen {
        found.extend(profile_findings::differences(profile, &token.listed));
    }
    let firmware = survey.chosen.as_ref().ok();
    let firmware = firmware.map(|token| token.token.info.firmware.as_str());
    found.extend(profile_findings::traps(profile, firmware));
    found
}

fn token_report(token: &ChosenToken, keys: Option<Vec<KeyInfo>>) -> TokenReport {
    TokenReport {
        info: token.token.info.clone(),
        slot: token.slot,
        login: token.login_required.then_some(token.token.login),
        pin: if token.login_required && !token.pin_set {
            PinReport::NotSet
        } else {
            token.token.pin_state.into()
        },
        logged_in: keys.is_some(),
        mechanisms: token
            .mechanisms
            .iter()
            .filter_map(MechanismReport::of)
            .collect(),
        keys,
    }
}

fn library(settings: &Settings) -> Option<&Path> {
    match &settings.open.module {
        Module::Library { path, .. } => Some(path),
        Module::Embedded { .. } => None,
    }
}
