//! PKCS#11 libraries that are installed here. They are offered by name; nothing is loaded.

use std::path::{Path, PathBuf};

use keyferry_core::ModuleOffer;

use super::catalogue::Catalogue;
use super::document::{LibraryPlace, ProfileKind};

/// Where systems keep libraries, for those that vendors leave no fixed folder.
const LIBRARY_FOLDERS: [&str; 13] = [
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/pkcs11",
    "/usr/lib64/pkcs11",
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu/pkcs11",
    "/usr/lib/softhsm",
    "/usr/lib/opencryptoki",
    "/usr/lib/x86_64-linux-gnu/opencryptoki",
    "/usr/local/lib",
    r"C:\Windows\System32",
];

/// The libraries of known vendors that are on this machine, each once.
#[must_use]
pub fn offers() -> Vec<ModuleOffer> {
    offers_where(Path::is_file)
}

fn offers_where(is_there: impl Fn(&Path) -> bool) -> Vec<ModuleOffer> {
    let mut found: Vec<ModuleOffer> = Vec::new();
    for profile in Catalogue::all() {
        let places = profile.libraries.iter().filter(|place| place.is_here());
        let Some(path) = places.flat_map(candidates).find(|path| is_there(path)) else {
            continue;
        };
        let path = path.to_string_lossy().into_owned();
        if found.iter().all(|offer| offer.path != path) {
            found.push(ModuleOffer {
                profile: profile.name.as_str().to_owned(),
                name: profile.client.clone(),
                path,
                software: profile.kind == ProfileKind::Software,
            });
        }
    }
    found
}

fn candidates(place: &LibraryPlace) -> Vec<PathBuf> {
    let path = Path::new(&place.path);
    if path.is_absolute() {
        return vec![path.to_owned()];
    }
    LIBRARY_FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_installed_is_offered_and_nothing_else() {
        let luna = "/usr/safenet/lunaclient/lib/libCryptoki2_64.so";
        let utimaco = "/usr/local/lib/libcs_pkcs11_R3.so";
        let found = offers_where(|path| [Path::new(luna), Path::new(utimaco)].contains(&path));
        let shown: Vec<(&str, &str)> = found
            .iter()
            .map(|offer| (offer.profile.as_str(), offer.path.as_str()))
            .collect();
        assert_eq!(shown, [("thales-luna", luna), ("utimaco", utimaco)]);
        assert!(found.iter().all(|offer| !offer.software));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_library_that_two_profiles_share_is_offered_once() {
        let found = offers_where(|path| path.ends_with("libcknfast.so"));
        let names: Vec<&str> = found.iter().map(|offer| offer.profile.as_str()).collect();
        assert_eq!(names, ["entrust-nshield"]);
    }

    #[test]
    fn a_bare_machine_has_none() {
        assert!(offers_where(|_| false).is_empty());
    }
}
