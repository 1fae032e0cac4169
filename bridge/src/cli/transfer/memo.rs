//! The state file of a transfer: what was asked for, and how far it has come. Nothing in it is
//! secret; the KEK's identifier, the paths and the names are all that going on needs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64ct::{Base64, Encoding};
use keyferry_core::{ImportWishes, KeySelector};
use serde::{Deserialize, Serialize};

/// A transfer that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memo {
    pub(super) version: u32,
    /// 32 hexadecimal digits; the mark of what it makes in the vault.
    pub(super) id: String,
    pub(super) key: KeySelector,
    /// The vault's address.
    pub(super) vault: String,
    pub(super) kek: MemoKek,
    /// The key's name in the vault; none until the label is known.
    pub(super) name: Option<String>,
    pub(super) wishes: MemoWishes,
    /// Where the file goes; none is beside the state file.
    pub(super) out: Option<PathBuf>,
    pub(super) progress: Progress,
}

/// Which KEK.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemoKek {
    pub(super) name: String,
    /// The size of a KEK that is made; none for one that is there.
    pub(super) create_bits: Option<u32>,
}

/// How far it has come. Each is written before the step that it names is begun, or once what it
/// holds is on disk: whoever goes on finds at worst a step whose end is not known, and settles it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Progress {
    /// Nothing is done that would have to be known.
    Begun,
    /// The vault is being asked to make the KEK, or was.
    KekAsked,
    /// The KEK is there.
    KekReady {
        /// Its identifier, with version.
        kid: String,
    },
    /// File and receipt are on disk.
    Wrapped {
        /// The KEK's identifier.
        kid: String,
    },
    /// The file is being sent, or was.
    ImportAsked {
        /// The KEK's identifier.
        kid: String,
    },
    /// The vault has the key.
    Imported {
        /// The KEK's identifier.
        kid: String,
        /// The imported key's identifier.
        imported: String,
    },
    /// All is done.
    Verified {
        /// The imported key's identifier.
        imported: String,
    },
}

/// core's wishes, as they are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemoWishes {
    operations: Option<Vec<String>>,
    tags: BTreeMap<String, String>,
    not_before: Option<i64>,
    expires: Option<i64>,
    disabled: bool,
    exportable: bool,
    /// Base64.
    release_policy: Option<String>,
}

impl Memo {
    pub(super) const VERSION: u32 = 1;
}

impl Progress {
    /// True when nothing is left to do.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Verified { .. })
    }
}

impl From<ImportWishes> for MemoWishes {
    fn from(wishes: ImportWishes) -> Self {
        Self {
            operations: wishes.operations,
            tags: wishes.tags,
            not_before: wishes.not_before,
            expires: wishes.expires,
            disabled: wishes.disabled,
            exportable: wishes.exportable,
            release_policy: wishes.release_policy.as_deref().map(Base64::encode_string),
        }
    }
}

impl From<&MemoWishes> for ImportWishes {
    fn from(kept: &MemoWishes) -> Self {
        Self {
            operations: kept.operations.clone(),
            tags: kept.tags.clone(),
            not_before: kept.not_before,
            expires: kept.expires,
            disabled: kept.disabled,
            exportable: kept.exportable,
            // What is no base64 is no policy either, and refused as one by core.
            release_policy: kept
                .release_policy
                .as_deref()
                .map(|text| Base64::decode_vec(text).unwrap_or_default()),
        }
    }
}
