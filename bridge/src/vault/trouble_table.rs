//! The table of the service's refusals.

use super::trouble::Trouble;

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Seen in an answer of the service, or in Microsoft's documentation of it.
    Known,
    /// Likely, but not seen: nothing but the words shown depends on it.
    Assumed,
}

/// One row. What is None matches anything; words are looked for anywhere, case ignored.
pub(super) struct Row {
    pub(super) status: u16,
    pub(super) name: Option<&'static str>,
    pub(super) inner: Option<&'static str>,
    pub(super) words: Option<&'static str>,
    pub(super) trouble: Trouble,
    pub(super) source: Source,
}

const fn row(
    status: u16,
    name: Option<&'static str>,
    inner: Option<&'static str>,
    words: Option<&'static str>,
    trouble: Trouble,
    source: Source,
) -> Row {
    Row {
        status,
        name,
        inner,
        words,
        trouble,
        source,
    }
}

use Source::{Assumed, Known};

/// The first row that matches counts.
pub(super) const TABLE: [Row; 26] = [
    row(
        401,
        None,
        None,
        Some("AKV10032"),
        Trouble::WrongTenant,
        Assumed,
    ),
    row(
        401,
        None,
        None,
        Some("invalid issuer"),
        Trouble::WrongTenant,
        Assumed,
    ),
    row(401, None, None, None, Trouble::TokenRefused, Known),
    row(
        403,
        None,
        Some("ForbiddenByFirewall"),
        None,
        Trouble::Firewall,
        Assumed,
    ),
    row(
        403,
        None,
        None,
        Some("is not authorized and caller is not a trusted service"),
        Trouble::Firewall,
        Assumed,
    ),
    row(
        403,
        None,
        None,
        Some("client address"),
        Trouble::Firewall,
        Known,
    ),
    row(
        403,
        None,
        Some("ForbiddenByConnection"),
        None,
        Trouble::PrivateEndpoint,
        Assumed,
    ),
    row(
        403,
        None,
        None,
        Some("public network access is disabled"),
        Trouble::PrivateEndpoint,
        Assumed,
    ),
    row(
        403,
        None,
        None,
        Some("hardware key operation not allowed"),
        Trouble::StandardTier,
        Known,
    ),
    row(
        400,
        None,
        None,
        Some("hardware key operation not allowed"),
        Trouble::StandardTier,
        Known,
    ),
    row(
        403,
        None,
        Some("KeyDisabled"),
        None,
        Trouble::KeyNotUsable,
        Assumed,
    ),
    row(
        403,
        None,
        None,
        Some("is not allowed on a disabled key"),
        Trouble::KeyNotUsable,
        Assumed,
    ),
    row(
        403,
        None,
        Some("ForbiddenByRbac"),
        None,
        Trouble::NoRole,
        Known,
    ),
    row(
        403,
        None,
        Some("ForbiddenByPolicy"),
        None,
        Trouble::NoPermission,
        Assumed,
    ),
    row(
        403,
        None,
        Some("AccessDenied"),
        None,
        Trouble::NoPermission,
        Assumed,
    ),
    row(
        403,
        None,
        None,
        Some("does not have keys"),
        Trouble::NoPermission,
        Assumed,
    ),
    row(
        403,
        None,
        None,
        Some("not authorized to perform"),
        Trouble::NoRole,
        Known,
    ),
    row(403, None, None, None, Trouble::Forbidden, Known),
    row(404, None, None, None, Trouble::KeyNotFound, Known),
    row(
        409,
        None,
        Some("ObjectIsBeingDeleted"),
        None,
        Trouble::BeingDeleted,
        Assumed,
    ),
    row(
        409,
        None,
        None,
        Some("being deleted"),
        Trouble::BeingDeleted,
        Assumed,
    ),
    row(
        409,
        None,
        None,
        Some("deleted"),
        Trouble::SoftDeleted,
        Known,
    ),
    row(409, None, None, None, Trouble::Conflict, Assumed),
    row(429, None, None, None, Trouble::Throttled, Known),
    row(
        400,
        None,
        None,
        Some("AKV.SKR.1004"),
        Trouble::ExportableWithoutPolicy,
        Known,
    ),
    row(
        400,
        Some("BadParameter"),
        None,
        None,
        Trouble::BadRequest,
        Known,
    ),
];
