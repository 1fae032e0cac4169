//! The meanings of the service's answers, row by row.

use super::trouble::*;
use super::trouble_table::Source::{Assumed, Known};
use super::trouble_table::{Source, TABLE};
use keyferry_core::Service;

type Case = (
    u16,
    &'static str,
    Option<&'static str>,
    &'static str,
    Trouble,
    Source,
);

/// Bodies of the service: the known ones as measured or documented, the others by likelihood.
const ANSWERS: [Case; 22] = [
    (
        400,
        "BadParameter",
        None,
        "Property key_hsm has invalid value",
        Trouble::BadRequest,
        Known,
    ),
    (
        400,
        "BadParameter",
        None,
        "AKV.SKR.1004: Exportable keys must have a release policy.",
        Trouble::ExportableWithoutPolicy,
        Known,
    ),
    (
        400,
        "BadParameter",
        None,
        "Hardware key operation not allowed on standard vault",
        Trouble::StandardTier,
        Known,
    ),
    (
        403,
        "Forbidden",
        None,
        "Hardware key operation not allowed on standard vault",
        Trouble::StandardTier,
        Known,
    ),
    (400, "SomethingElse", None, "", Trouble::BadRequest, Assumed),
    (
        401,
        "Unauthorized",
        None,
        "AKV10000: Request is missing a Bearer or PoP token.",
        Trouble::TokenRefused,
        Known,
    ),
    (
        401,
        "Unauthorized",
        None,
        "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/…",
        Trouble::WrongTenant,
        Assumed,
    ),
    (
        403,
        "Forbidden",
        Some("ForbiddenByRbac"),
        "Caller is not authorized to perform action on resource.",
        Trouble::NoRole,
        Known,
    ),
    (
        403,
        "Forbidden",
        None,
        "Caller is not authorized to perform action on resource.",
        Trouble::NoRole,
        Known,
    ),
    (
        403,
        "Forbidden",
        Some("ForbiddenByFirewall"),
        "Client address is not authorized and caller is not a trusted service",
        Trouble::Firewall,
        Assumed,
    ),
    (
        403,
        "Forbidden",
        None,
        "Client address (203.0.113.7) is not authorized",
        Trouble::Firewall,
        Known,
    ),
    (
        403,
        "Forbidden",
        Some("ForbiddenByConnection"),
        "Public network access is disabled",
        Trouble::PrivateEndpoint,
        Assumed,
    ),
    (
        403,
        "Forbidden",
        Some("ForbiddenByPolicy"),
        "The user does not have keys import permission",
        Trouble::NoPermission,
        Assumed,
    ),
    (
        403,
        "Forbidden",
        Some("KeyDisabled"),
        "Operation sign is not allowed on a disabled key.",
        Trouble::KeyNotUsable,
        Assumed,
    ),
    (403, "Forbidden", None, "", Trouble::Forbidden, Known),
    (
        404,
        "KeyNotFound",
        None,
        "A key with (name/id) KEK was not found in this key vault.",
        Trouble::KeyNotFound,
        Known,
    ),
    (
        409,
        "Conflict",
        Some("ObjectIsDeletedButRecoverable"),
        "Key KEK is currently in a deleted but recoverable state",
        Trouble::SoftDeleted,
        Known,
    ),
    (
        409,
        "Conflict",
        Some("ObjectIsBeingDeleted"),
        "Key KEK is currently being deleted",
        Trouble::BeingDeleted,
        Assumed,
    ),
    (409, "Conflict", None, "", Trouble::Conflict, Assumed),
    (
        429,
        "Throttled",
        None,
        "Request was not processed because too many requests were received.",
        Trouble::Throttled,
        Known,
    ),
    (
        503,
        "ServiceUnavailable",
        None,
        "",
        Trouble::ServiceFault,
        Known,
    ),
    (302, "", None, "", Trouble::Unknown, Assumed),
];

#[test]
fn each_answer_of_the_service_has_its_meaning() {
    for (status, name, inner, message, trouble, source) in ANSWERS {
        assert_eq!(
            Trouble::found(status, name, inner, message),
            (trouble, source),
            "{status} {name} {inner:?} {message}"
        );
    }
}

#[test]
fn every_row_of_the_table_is_reached_by_its_own_answer() {
    for row in &TABLE {
        let found = Trouble::of(
            row.status,
            row.name.unwrap_or("Any"),
            row.inner,
            row.words.unwrap_or_default(),
        );
        assert_eq!(
            found, row.trouble,
            "{} {:?} {:?}",
            row.status, row.inner, row.words
        );
    }
}

#[test]
fn the_role_is_named_as_the_service_names_it() {
    let vault = Trouble::NoRole.advice(Service::Vault);
    let pool = Trouble::NoRole.advice(Service::ManagedHsm);
    assert!(vault.contains("Key Vault Crypto Officer"), "{vault}");
    assert!(
        pool.contains("Managed HSM Crypto User") && pool.contains("Managed HSM Crypto Officer")
    );
}
