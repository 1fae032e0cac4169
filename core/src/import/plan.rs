//! What an import may ask for: everything that the service would refuse is refused before it is sent.

use super::key_type::refused;
use super::{Attributes, ImportType};
use crate::{Blob, Error, KekBits, KeyOperation, TargetKind, VaultAddress, visible};
use std::collections::BTreeMap;

/// The tags that a key can have (Key Vault's documented limit).
pub const MAX_TAGS: usize = 15;

/// Longest release policy that is read, in bytes; the service's own are a few hundred.
pub const MAX_RELEASE_POLICY: usize = 64 * 1024;

/// What was asked for, unchecked. The default is an enabled key with all operations of its type.
#[derive(Debug, Clone, Default)]
pub struct ImportWishes {
    /// `key_ops` by name; none means all that the type can have.
    pub operations: Option<Vec<String>>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Not before, seconds since 1970.
    pub not_before: Option<i64>,
    /// Expires, seconds since 1970.
    pub expires: Option<i64>,
    /// Start disabled.
    pub disabled: bool,
    /// The key may leave the service again by Secure Key Release.
    pub exportable: bool,
    /// The release policy's JSON.
    pub release_policy: Option<Vec<u8>>,
}

/// An import that nothing known speaks against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPlan {
    kind: ImportType,
    operations: Vec<KeyOperation>,
    attributes: Attributes,
    tags: BTreeMap<String, String>,
    release_policy: Option<Vec<u8>>,
}

impl ImportPlan {
    /// Checks what was asked for against what a key of this type can have.
    ///
    /// # Errors
    /// [`Error::ImportRefused`] with the first rule that does not hold.
    pub fn new(kind: ImportType, wishes: ImportWishes) -> Result<Self, Error> {
        let operations = match &wishes.operations {
            None => kind.operations().to_vec(),
            Some(names) => read_operations(kind, names)?,
        };
        if wishes.tags.len() > MAX_TAGS {
            return Err(refused(
                "import-tags",
                format!(
                    "{} tags, where a key has at most {MAX_TAGS}",
                    wishes.tags.len()
                ),
                "Leave some away. Keyferry's own tag of a transfer counts as one.",
            ));
        }
        if wishes.tags.keys().any(String::is_empty) {
            return Err(refused(
                "import-tags",
                "a tag has no name",
                "Write tags as NAME=VALUE.",
            ));
        }
        if let (Some(begin), Some(end)) = (wishes.not_before, wishes.expires)
            && end <= begin
        {
            return Err(refused(
                "import-dates",
                "the key would expire before it is valid",
                "Give an --exp after --nbf.",
            ));
        }
        match (wishes.exportable, &wishes.release_policy) {
            (true, None) => {
                return Err(refused(
                    "import-exportable",
                    "an exportable key needs a release policy (the service answers AKV.SKR.1004)",
                    "Give the policy with --policy FILE, or leave --exportable away.",
                ));
            }
            (false, Some(_)) => {
                return Err(refused(
                    "import-policy",
                    "a release policy belongs to an exportable key alone",
                    "Add --exportable if the key may leave the service again, or leave --policy away.",
                ));
            }
            (true, Some(policy)) => check_policy(policy)?,
            (false, None) => {}
        }
        Ok(Self {
            kind,
            operations,
            attributes: Attributes {
                enabled: !wishes.disabled,
                not_before: wishes.not_before,
                expires: wishes.expires,
            },
            tags: wishes.tags,
            release_policy: wishes.release_policy,
        })
    }

    /// `kty` and curve.
    pub fn kind(&self) -> ImportType {
        self.kind
    }

    /// `key_ops`.
    pub fn operations(&self) -> &[KeyOperation] {
        &self.operations
    }

    /// Enabled, not before, expires.
    pub fn attributes(&self) -> Attributes {
        self.attributes
    }

    /// Tags.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    /// The release policy of an exportable key.
    pub fn release_policy(&self) -> Option<&[u8]> {
        self.release_policy.as_deref()
    }

    /// True when the key may leave the service again.
    pub fn is_exportable(&self) -> bool {
        self.release_policy.is_some()
    }
}

/// Checks that a file was made for this vault, and that a key of this type can be in it.
///
/// `kek` is the size of the KEK that it was made for, when that is known.
///
/// # Errors
/// [`Error::ImportRefused`].
pub fn check_file(
    blob: &Blob,
    vault: &VaultAddress,
    kind: ImportType,
    kek: Option<KekBits>,
) -> Result<(), Error> {
    if !vault.holds(blob.kid()) {
        return Err(refused(
            "import-foreign-kek",
            format!(
                "the file was made for a KEK of {}, not of {vault}",
                visible(&blob.kid().vault_url())
            ),
            "Import it into the vault it was made for, or wrap the key again to a KEK of this vault.",
        ));
    }
    let length = blob.ciphertext().as_bytes().len();
    let fits = |kind_of: &TargetKind| ImportType::of(*kind_of) == kind;
    let sizes = kek.map_or_else(|| KekBits::ALL.to_vec(), |size| vec![size]);
    let can_hold = sizes
        .iter()
        .filter_map(|size| length.checked_sub(size.bytes()))
        .any(|kwp| {
            TargetKind::ALL
                .iter()
                .filter(|of| fits(of))
                .any(|of| of.kwp_lengths().contains(&kwp))
        });
    if can_hold {
        Ok(())
    } else {
        Err(refused(
            "import-kind",
            format!("{length} bytes of ciphertext are no length of an {kind} key"),
            "Say what the key is with --kty and --curve, as `keyferry inspect` reads the file.",
        ))
    }
}

fn read_operations(kind: ImportType, names: &[String]) -> Result<Vec<KeyOperation>, Error> {
    let mut operations = Vec::new();
    for name in names {
        let fitting = kind
            .operations()
            .iter()
            .find(|operation| operation.name() == name);
        match fitting {
            Some(operation) if !operations.contains(operation) => operations.push(*operation),
            Some(_) => {}
            None if name == "import" => {
                return Err(refused(
                    "import-ops",
                    "the operation import belongs to a KEK, never to an imported key",
                    format!("Choose among {}.", names_of(kind)),
                ));
            }
            None => {
                return Err(refused(
                    "import-ops",
                    format!("{} is no operation of an {kind} key", visible(name)),
                    format!("Choose among {}.", names_of(kind)),
                ));
            }
        }
    }
    if operations.is_empty() {
        return Err(refused(
            "import-ops",
            "the key would have no operation",
            format!("Choose among {}.", names_of(kind)),
        ));
    }
    Ok(operations)
}

fn names_of(kind: ImportType) -> String {
    let names: Vec<&str> = kind
        .operations()
        .iter()
        .map(|operation| operation.name())
        .collect();
    names.join(", ")
}

fn check_policy(policy: &[u8]) -> Result<(), Error> {
    let is_object = policy.len() <= MAX_RELEASE_POLICY
        && std::str::from_utf8(policy)
            .ok()
            .and_then(|text| crate::json::Json::parse(text).ok())
            .is_some_and(|json| json.as_object().is_some());
    if is_object {
        Ok(())
    } else {
        Err(refused(
            "import-policy",
            "the release policy is no JSON object of at most 64 KiB",
            "Give the policy's JSON as Secure Key Release describes it (`version` and `anyOf`).",
        ))
    }
}
