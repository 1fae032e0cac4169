//! Every file of `bridge/profiles`, and the page that speaks of them.
#![allow(clippy::unwrap_used, clippy::panic)]
use std::collections::BTreeSet;
use std::path::Path;

use keyferry_core::Strategy;

use super::{Catalogue, LibraryPlace, Listed, Platform, Profile, ProfileKind};

fn folder() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_file_of_the_folder_is_read_and_named_as_its_profile() {
    let files = folder();
    for (name, text) in &files {
        let profile = Profile::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(profile.name.as_str(), name);
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let embedded: Vec<&str> = Catalogue::all()
        .iter()
        .map(|profile| profile.name.as_str())
        .collect();
    assert_eq!(embedded, names);
}

#[test]
fn each_row_has_its_profile() {
    let count = |kind: ProfileKind| {
        Catalogue::all()
            .iter()
            .filter(|profile| profile.kind == kind)
            .count()
    };
    assert_eq!(count(ProfileKind::Hsm), 11);
    assert_eq!(count(ProfileKind::KeyManager), 2);
    assert_eq!(count(ProfileKind::Software), 2);
}

#[test]
fn a_misspelt_member_is_refused() {
    let (_, text) = folder().remove(0);
    for (right, wrong) in [
        ("title =", "titel ="),
        ("[[library]]\nplatform", "[[library]]\nplattform"),
        ("[[constraint]]\ncode", "[[constraint]]\nkode"),
        ("listed = \"yes\"", "listed = \"maybe\""),
    ] {
        assert!(text.contains(right), "{right}");
        assert!(
            Profile::parse(&text.replace(right, wrong)).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn every_statement_names_its_source_and_every_code_is_one() {
    for profile in Catalogue::all() {
        let name = &profile.name;
        let mut sources: Vec<&str> = Vec::new();
        sources.extend(profile.marks.iter().map(|mark| mark.source.as_str()));
        sources.extend(profile.libraries.iter().map(|place| place.source.as_str()));
        sources.extend(
            profile
                .variables
                .iter()
                .map(|variable| variable.source.as_str()),
        );
        sources.extend(profile.constraints.iter().map(|one| one.source.as_str()));
        for expectation in &profile.expectations {
            match (&expectation.source, expectation.listed) {
                (Some(source), _) => sources.push(source),
                (None, listed) => assert_eq!(listed, Listed::Unknown, "{name}"),
            }
        }
        assert!(sources.iter().all(|source| source.len() > 5), "{name}");
        for constraint in &profile.constraints {
            let code = &constraint.code;
            assert!(
                code.contains('-')
                    && code.chars().all(|sign| sign == '-'
                        || sign.is_ascii_lowercase()
                        || sign.is_ascii_digit()),
                "{code}"
            );
            assert!(
                constraint.message.len() > 20 && constraint.advice.len() > 15,
                "{code}"
            );
        }
        for mark in &profile.marks {
            assert!(
                mark.manufacturer.is_some() || mark.description.is_some(),
                "{name}"
            );
        }
    }
}

#[test]
fn a_token_has_an_expectation_for_every_strategy_and_a_key_manager_has_steps_instead() {
    for profile in Catalogue::all() {
        let named: BTreeSet<&str> = profile
            .expectations
            .iter()
            .map(|expectation| expectation.strategy.name())
            .collect();
        assert_eq!(named.len(), profile.expectations.len(), "{}", profile.name);
        if profile.kind == ProfileKind::KeyManager {
            assert!(
                named.is_empty() && profile.libraries.is_empty(),
                "{}",
                profile.name
            );
            assert!(profile.steps.len() >= 3, "{}", profile.name);
        } else {
            assert_eq!(named.len(), Strategy::ALL.len(), "{}", profile.name);
            assert!(!profile.libraries.is_empty(), "{}", profile.name);
        }
    }
}

#[test]
fn the_page_on_hsms_speaks_of_every_profile_trap_library_and_variable() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/hsms.md");
    let page = std::fs::read_to_string(page).unwrap();
    for profile in Catalogue::all() {
        let named = |what: &str| {
            assert!(
                page.contains(&format!("`{what}`")),
                "{}: {what}",
                profile.name
            );
        };
        named(profile.name.as_str());
        profile.constraints.iter().for_each(|one| named(&one.code));
        if profile.kind == ProfileKind::Hsm && profile.name.as_str() != "ibm" {
            profile.variables.iter().for_each(|one| named(&one.name));
            let linux = |place: &&LibraryPlace| place.platform == Platform::Linux;
            profile
                .libraries
                .iter()
                .filter(linux)
                .for_each(|place| named(&place.path));
        }
    }
}

#[test]
fn a_library_is_known_by_its_file_name_wherever_it_is() {
    let name =
        |path: &str| Catalogue::by_library(Path::new(path)).map(|profile| profile.name.as_str());
    assert_eq!(
        name("/usr/safenet/lunaclient/lib/libCryptoki2_64.so"),
        Some("thales-luna")
    );
    assert_eq!(
        name("/home/me/luna/libCryptoki2_64.so"),
        Some("thales-luna")
    );
    assert_eq!(
        name("/opt/nfast/toolkits/pkcs11/libcknfast.so"),
        Some("entrust-nshield")
    );
    assert_eq!(name("/usr/lib/softhsm/libsofthsm2.so"), Some("softhsm"));
    assert_eq!(name("/usr/lib/libother.so"), None);
    assert_eq!(name("/"), None);
}
