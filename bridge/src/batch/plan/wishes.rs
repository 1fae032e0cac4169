//! What a line asks of the new key, as it stands in a plan.

use std::collections::BTreeMap;

use keyferry_core::ImportWishes;
use serde::{Deserialize, Serialize};

/// Core's wishes, as a plan keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanWishes {
    /// `key_ops` by name, in the manifest's order; null means all that the type can have.
    pub ops: Option<Vec<String>>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// False starts the key disabled.
    pub enabled: bool,
    /// Not before, seconds since 1970.
    pub not_before: Option<i64>,
    /// Expires, seconds since 1970.
    pub expires: Option<i64>,
    /// The release policy's JSON, as its file holds it; an exportable key has one.
    pub release_policy: Option<String>,
}

impl PlanWishes {
    /// True when the key may leave the service again.
    #[must_use]
    pub fn is_exportable(&self) -> bool {
        self.release_policy.is_some()
    }

    /// The same for core.
    #[must_use]
    pub fn to_import(&self) -> ImportWishes {
        ImportWishes {
            operations: self.ops.clone(),
            tags: self.tags.clone(),
            not_before: self.not_before,
            expires: self.expires,
            disabled: !self.enabled,
            exportable: self.is_exportable(),
            release_policy: self
                .release_policy
                .as_ref()
                .map(|policy| policy.clone().into_bytes()),
        }
    }
}
