//! Every profile there is, embedded in the program.

use std::path::Path;
use std::sync::LazyLock;

use super::document::{LibraryPlace, Platform, Profile};

/// The files, in the order in which they are tried: where two products share a library or a name,
/// the one that is sold today comes first.
const FILES: [&str; 15] = [
    include_str!("../../profiles/aws-cloudhsm.toml"),
    include_str!("../../profiles/cryptomathic-ckms.toml"),
    include_str!("../../profiles/entrust-nshield.toml"),
    include_str!("../../profiles/fortanix-dsm.toml"),
    include_str!("../../profiles/futurex.toml"),
    include_str!("../../profiles/ibm.toml"),
    include_str!("../../profiles/marvell-liquidsecurity.toml"),
    include_str!("../../profiles/ncipher.toml"),
    include_str!("../../profiles/nss.toml"),
    include_str!("../../profiles/securosys-primus.toml"),
    include_str!("../../profiles/softhsm.toml"),
    include_str!("../../profiles/stormagic-svkms.toml"),
    include_str!("../../profiles/thales-luna.toml"),
    include_str!("../../profiles/utimaco.toml"),
    include_str!("../../profiles/yubihsm-2.toml"),
];

/// The embedded profiles.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue;

impl Catalogue {
    /// Every profile.
    pub fn all() -> &'static [Profile] {
        // Each file is parsed by a test, so none is lost here.
        static ALL: LazyLock<Vec<Profile>> = LazyLock::new(|| {
            FILES
                .iter()
                .filter_map(|text| Profile::parse(text).ok())
                .collect()
        });
        &ALL
    }

    /// The profile of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Profile> {
        Self::all()
            .iter()
            .find(|profile| profile.name.as_str() == name)
    }

    /// All names, for advice.
    #[must_use]
    pub fn names() -> String {
        let names: Vec<&str> = Self::all()
            .iter()
            .map(|profile| profile.name.as_str())
            .collect();
        names.join(", ")
    }

    /// The profile that a library's path suggests: by its file name, which vendors keep when they
    /// are installed elsewhere. No more than a suggestion; the token's own words come later.
    #[must_use]
    pub fn by_library(path: &Path) -> Option<&'static Profile> {
        let file = path.file_name()?.to_str()?;
        Self::all().iter().find(|profile| {
            profile
                .libraries
                .iter()
                .any(|library| library.file_name().eq_ignore_ascii_case(file))
        })
    }
}

impl LibraryPlace {
    /// The last part of the path, whichever platform's.
    pub(super) fn file_name(&self) -> &str {
        self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path)
    }

    /// True for a library of the platform that this program runs on.
    pub(super) fn is_here(&self) -> bool {
        self.platform == Platform::HERE
    }
}
