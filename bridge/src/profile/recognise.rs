//! Which profile a module and its token belong to, by what they say of themselves.

use std::path::Path;

use serde::Serialize;

use super::catalogue::Catalogue;
use super::document::{Mark, Profile};

/// What a module and its token say of themselves; empty where nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Strings<'a> {
    /// `CK_TOKEN_INFO.manufacturerID`.
    pub token_manufacturer: &'a str,
    /// `CK_TOKEN_INFO.model`.
    pub token_model: &'a str,
    /// `CK_INFO.manufacturerID`.
    pub module_manufacturer: &'a str,
    /// `CK_INFO.libraryDescription`.
    pub module_description: &'a str,
}

/// What a profile was chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecognisedBy {
    /// `--profile`.
    Option,
    /// The token's manufacturer and model.
    Token,
    /// The library's manufacturer or description.
    Module,
    /// The library's file name.
    LibraryPath,
}

/// A profile, and what it was chosen by.
#[derive(Debug, Clone, Copy)]
pub struct Recognised {
    /// The profile.
    pub profile: &'static Profile,
    /// What it was chosen by.
    pub by: RecognisedBy,
}

impl Catalogue {
    /// The profile that fits: by the token's words, by the library's, then by its path.
    #[must_use]
    pub fn recognise(strings: &Strings<'_>, library: Option<&Path>) -> Option<Recognised> {
        let by = |by: RecognisedBy| move |profile| Recognised { profile, by };
        Self::by_words(
            strings.token_manufacturer,
            strings.token_model,
            strings.module_description,
        )
        .map(by(RecognisedBy::Token))
        .or_else(|| {
            Self::by_words(
                strings.module_manufacturer,
                strings.token_model,
                strings.module_description,
            )
            .map(by(RecognisedBy::Module))
        })
        .or_else(|| {
            library
                .and_then(Self::by_library)
                .map(by(RecognisedBy::LibraryPath))
        })
    }

    fn by_words(manufacturer: &str, model: &str, description: &str) -> Option<&'static Profile> {
        Self::all().iter().find(|profile| {
            profile
                .marks
                .iter()
                .any(|mark| mark.fits(manufacturer, model, description))
        })
    }
}

impl Mark {
    fn fits(&self, manufacturer: &str, model: &str, description: &str) -> bool {
        let within = |part: &Option<String>, whole: &str| {
            part.as_ref().is_none_or(|part| {
                whole
                    .to_ascii_lowercase()
                    .contains(&part.to_ascii_lowercase())
            })
        };
        within(&self.manufacturer, manufacturer)
            && within(&self.model, model)
            && within(&self.description, description)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn name(strings: &Strings<'_>, library: Option<&str>) -> Option<(&'static str, RecognisedBy)> {
        Catalogue::recognise(strings, library.map(Path::new))
            .map(|found| (found.profile.name.as_str(), found.by))
    }

    fn token(manufacturer: &'static str, model: &'static str) -> Strings<'static> {
        Strings {
            token_manufacturer: manufacturer,
            token_model: model,
            ..Strings::default()
        }
    }

    #[test]
    fn each_vendor_is_known_by_what_its_token_says() {
        for (manufacturer, model, wanted) in [
            ("SafeNet, Inc.", "LunaSA 7.4.0", "thales-luna"),
            ("Safenet, Inc.", "Luna K7", "thales-luna"),
            ("nCipher Corp. Ltd", "", "entrust-nshield"),
            ("Fortanix", "", "fortanix-dsm"),
            ("Futurex", "CryptoHub", "futurex"),
            ("IBM Corp.", "IBM CCATok", "ibm"),
            ("IBM Corp.", "IBM EP11Tok", "ibm"),
            (
                "Marvell Semiconductors, Inc.",
                "LiquidSecurity",
                "marvell-liquidsecurity",
            ),
            ("Cavium Networks", "NITROX-HSM", "marvell-liquidsecurity"),
            ("Securosys SA", "Primus HSM", "securosys-primus"),
            ("Utimaco IS GmbH", "CryptoServer Se", "utimaco"),
            ("Yubico (www.yubico.com)", "YubiHSM", "yubihsm-2"),
            ("Amazon", "", "aws-cloudhsm"),
            ("SoftHSM project", "SoftHSM v2", "softhsm"),
            ("Mozilla Foundation", "NSS 3", "nss"),
        ] {
            assert_eq!(
                name(&token(manufacturer, model), None),
                Some((wanted, RecognisedBy::Token)),
                "{manufacturer}"
            );
        }
    }

    #[test]
    fn other_products_of_the_same_vendors_are_not_taken_for_these() {
        for (manufacturer, model) in [
            ("SafeNet, Inc.", "PSI-E2:PL220"),
            ("Yubico (www.yubico.com)", "YubiKey YK5"),
            ("IBM Corp.", "IBM SoftTok"),
            ("", ""),
        ] {
            assert_eq!(
                name(&token(manufacturer, model), None),
                None,
                "{manufacturer}"
            );
        }
    }

    #[test]
    fn the_token_is_believed_before_the_library_and_its_path() {
        let mut strings = token("Securosys SA", "Primus HSM");
        strings.module_manufacturer = "Utimaco IS GmbH";
        let luna = Some("/opt/libCryptoki2_64.so");
        assert_eq!(
            name(&strings, luna),
            Some(("securosys-primus", RecognisedBy::Token))
        );
        strings.token_manufacturer = "";
        assert_eq!(
            name(&strings, luna),
            Some(("utimaco", RecognisedBy::Module))
        );
        strings.module_manufacturer = "";
        assert_eq!(
            name(&strings, luna),
            Some(("thales-luna", RecognisedBy::LibraryPath))
        );
        assert_eq!(name(&strings, None), None);
    }

    #[test]
    fn a_cloudhsm_of_amazon_is_told_from_the_lineage_that_it_shares() {
        let mut strings = token("Cavium", "");
        strings.module_description = "CloudHSM PKCS#11 Client SDK";
        assert_eq!(
            name(&strings, None),
            Some(("aws-cloudhsm", RecognisedBy::Token))
        );
    }
}
