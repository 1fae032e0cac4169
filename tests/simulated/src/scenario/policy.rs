//! What the token's settings forbid.

use cryptoki_sys::CK_RV;
use serde::Deserialize;

/// Limits that are no fault.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Policy {
    /// How many sessions may be open at a time; one more gets `CKR_SESSION_COUNT`.
    pub(crate) sessions: Option<usize>,
    /// The token keeps no session objects, and this is what it answers to one.
    pub(crate) session_objects_return: Option<CK_RV>,
}
