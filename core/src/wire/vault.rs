//! What page and bridge say to each other about a vault. No token of Azure's, no tenant and no
//! credential crosses here, in either direction but for the credential's name.

use super::{Reason, WrapRecord};
use crate::{ErrorBody, KeyOperation, TargetKind, Verification};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whether this bridge speaks to vaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum VaultAccess {
    /// When the page asks for it, and a person agrees.
    Online,
    /// Never in this run: `serve --offline`.
    Offline,
    /// Never: built without the client.
    NotBuilt,
}

/// Body of `POST /v1/vault/keys`; answered by a [`VaultKeysAnswer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct VaultQuery {
    /// `https://NAME.SUFFIX`, or the practice vault's address.
    pub vault: String,
}

/// A vault's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct VaultKeysAnswer {
    /// The vault, as it was understood: `https://HOST[:PORT]`.
    pub vault: String,
    /// With which credential the bridge signed in, by name; never its secret.
    pub signed_in: String,
    /// Its keys, the newest version of each; those that can serve as KEK first.
    pub keys: Vec<VaultKeyInfo>,
    /// How many keys more the vault holds, which were not looked at.
    pub left_out: u32,
}

/// A key in a vault, and whether it can serve as KEK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct VaultKeyInfo {
    /// Its name.
    pub name: String,
    /// Its identifier, with version.
    pub kid: String,
    /// `kty`, and the size or curve where it is known: `RSA-HSM 4096`.
    pub kind: String,
    /// Expires, seconds since 1970.
    pub expires: Option<i64>,
    /// True when nothing that the vault says stands in the way.
    pub usable: bool,
    /// Why not; empty when `usable`.
    pub reasons: Vec<Reason>,
}

/// Body of `POST /v1/vault/kek`; answered by a [`VaultKek`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct VaultKekQuery {
    /// The key's identifier.
    pub kid: String,
}

/// Body of `POST /v1/vault/keks`, which makes a KEK; answered by a [`VaultKek`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct VaultKekOrder {
    /// The vault's address.
    pub vault: String,
    /// The new key's name.
    pub name: String,
    /// 2048, 3072 or 4096.
    pub bits: u32,
    /// Expires, seconds since 1970.
    #[serde(default)]
    pub expires: Option<i64>,
}

/// A KEK as the vault gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct VaultKek {
    /// Its identifier, with version.
    pub kid: String,
    /// The vault's own JSON: a KEK document for the page to examine, whole.
    pub document: String,
}

/// Body of `POST /v1/vault/imports`. The vault is the one of the file's kid; the file is one that this run of
/// the bridge wrapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct VaultImportOrder {
    /// The whole `.byok` file, standard base64.
    pub file: String,
    /// The key's name in the vault.
    pub name: String,
    /// What it may do; only what fits its kind.
    pub operations: Vec<KeyOperation>,
    /// At most 14: Keyferry's own tag of a transfer counts as one.
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, string>"))]
    pub tags: BTreeMap<String, String>,
    /// Not before, seconds since 1970.
    #[serde(default)]
    pub not_before: Option<i64>,
    /// Expires, seconds since 1970.
    #[serde(default)]
    pub expires: Option<i64>,
    /// Usable at once.
    pub enabled: bool,
    /// A release policy's JSON; with one, the key is exportable.
    #[serde(default)]
    pub release_policy: Option<String>,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum ImportStage {
    /// The file and the order are examined.
    Checking,
    /// The user is asked for approval.
    Approving,
    /// The vault takes the file; the record has a line of it before.
    Importing,
    /// What the vault holds is compared with what the HSM holds.
    Verifying,
}

/// An import that the vault took, and what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct VaultImportAnswer {
    /// SHA-256 of the file that was imported, lower-case hexadecimal.
    pub file_sha256: String,
    /// The imported key's identifier, with version.
    pub kid: String,
    /// What was imported.
    pub target: TargetKind,
    /// True when an earlier try had brought it in, which nobody knew: nothing was imported a second time.
    pub settled: bool,
    /// What was seen of it, compared with what the token showed.
    pub verification: Verification,
    /// The outcome's line in the audit log.
    pub audit: WrapRecord,
}

/// One line of the answer of `POST /v1/vault/imports`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum VaultImportEvent {
    /// A stage has begun.
    Stage {
        /// Which.
        stage: ImportStage,
    },
    /// The vault asks to wait, or is waited for.
    Waiting {
        /// Why, in words.
        message: String,
        /// How long.
        seconds: u32,
    },
    /// The vault holds the key; `answer` says whether it is the right one.
    Done {
        /// What was seen.
        answer: Box<VaultImportAnswer>,
    },
    /// The import was refused or failed.
    Failed {
        /// Why.
        error: ErrorBody,
        /// How far it had come.
        stage: ImportStage,
    },
}

/// What becomes of a KEK that has served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum Retirement {
    /// This version stays, and takes in no more keys.
    Disable,
    /// The key goes, with every version; a vault keeps deleted keys for a while.
    Delete,
}

/// Body of `POST /v1/vault/retirements`; answered by a [`RetirementAnswer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct RetirementOrder {
    /// The KEK's identifier.
    pub kid: String,
    /// What to do with it.
    pub how: Retirement,
}

/// A KEK that was retired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct RetirementAnswer {
    /// The KEK's identifier.
    pub kid: String,
    /// What was done with it.
    pub how: Retirement,
}
