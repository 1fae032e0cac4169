//! What a refusal of the service means, and what to do about it: one table.

use keyferry_core::Service;

/// The meaning of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The token was refused, also a fresh one.
    TokenRefused,
    /// The token is of another tenant than the vault.
    WrongTenant,
    /// The caller has no role for this.
    NoRole,
    /// The vault goes by access policies, and the caller's lacks this permission.
    NoPermission,
    /// The vault's firewall does not know this address.
    Firewall,
    /// The vault takes private endpoints alone.
    PrivateEndpoint,
    /// Forbidden, and the service does not say why in words that are known.
    Forbidden,
    /// A standard-tier vault has no HSM.
    StandardTier,
    /// No such key, or no such version of it.
    KeyNotFound,
    /// The key is disabled, expired or not valid yet.
    KeyNotUsable,
    /// The name belongs to a deleted key that can be recovered.
    SoftDeleted,
    /// The key is being deleted or recovered at this moment.
    BeingDeleted,
    /// Another change of the same key came between.
    Conflict,
    /// Too many requests.
    Throttled,
    /// Exportable without a release policy.
    ExportableWithoutPolicy,
    /// The request as such is refused; the service's words say why.
    BadRequest,
    /// The service failed; whether the request was carried out is not known.
    ServiceFault,
    /// Nothing that is known here.
    Unknown,
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Seen in an answer of the service, or in Microsoft's documentation of it.
    Known,
    /// Likely, but not seen: nothing but the words shown depends on it.
    Assumed,
}

/// One row. What is None matches anything; words are looked for anywhere, case ignored.
struct Row {
    status: u16,
    name: Option<&'static str>,
    inner: Option<&'static str>,
    words: Option<&'static str>,
    trouble: Trouble,
    source: Source,
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
const TABLE: [Row; 26] = [
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

impl Trouble {
    /// What an answer means.
    pub fn of(status: u16, name: &str, inner: Option<&str>, message: &str) -> Self {
        Self::found(status, name, inner, message).0
    }

    /// What an answer means, and how that is known.
    pub fn found(status: u16, name: &str, inner: Option<&str>, message: &str) -> (Self, Source) {
        let message = message.to_ascii_lowercase();
        let same = |wanted: Option<&str>, found: Option<&str>| {
            wanted
                .is_none_or(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
        };
        let row = TABLE.iter().find(|row| {
            row.status == status
                && same(row.name, Some(name))
                && same(row.inner, inner)
                && row
                    .words
                    .is_none_or(|words| message.contains(&words.to_ascii_lowercase()))
        });
        match row {
            Some(row) => (row.trouble, row.source),
            None if status >= 500 => (Self::ServiceFault, Known),
            None if (400..500).contains(&status) => (Self::BadRequest, Assumed),
            None => (Self::Unknown, Assumed),
        }
    }

    /// Stable kebab-case name.
    pub fn code(self) -> &'static str {
        match self {
            Self::TokenRefused => "vault-token-refused",
            Self::WrongTenant => "vault-wrong-tenant",
            Self::NoRole => "vault-no-role",
            Self::NoPermission => "vault-no-permission",
            Self::Firewall => "vault-firewall",
            Self::PrivateEndpoint => "vault-private-endpoint",
            Self::Forbidden => "vault-forbidden",
            Self::StandardTier => "vault-standard-tier",
            Self::KeyNotFound => "vault-key-not-found",
            Self::KeyNotUsable => "vault-key-not-usable",
            Self::SoftDeleted => "vault-name-soft-deleted",
            Self::BeingDeleted => "vault-key-being-deleted",
            Self::Conflict => "vault-conflict",
            Self::Throttled => "vault-throttled",
            Self::ExportableWithoutPolicy => "vault-exportable-without-policy",
            Self::BadRequest => "vault-bad-request",
            Self::ServiceFault => "vault-service-fault",
            Self::Unknown => "vault-refused",
        }
    }

    /// What to do; roles have other names in a Managed HSM.
    pub fn advice(self, service: Service) -> String {
        let fixed = match self {
            Self::NoRole | Self::Forbidden => return roles(service),
            Self::TokenRefused => {
                "Sign in again (`az login`), and check the machine's clock. A guest of the vault's tenant names that tenant with --tenant."
            }
            Self::WrongTenant => {
                "Name the vault's tenant with --tenant ID (`az keyvault show --query properties.tenantId`), and sign in there: az login --tenant ID."
            }
            Self::NoPermission => {
                "This vault goes by access policies. Have its owner give you the key permissions get, list, create, import, sign, update and delete (az keyvault set-policy --key-permissions …)."
            }
            Self::Firewall => {
                "The vault's firewall refuses this machine's public address, which the message names. Have it added under Networking, or work from a network that is allowed."
            }
            Self::PrivateEndpoint => {
                "The vault takes private endpoints alone. Work from its virtual network, with the private DNS zone in place."
            }
            Self::StandardTier => {
                "HSM keys need a Premium vault or a Managed HSM; a vault's tier can be raised with az keyvault update --sku premium. Standard vaults cannot take a key by BYOK."
            }
            Self::KeyNotFound => {
                "Check the key's name and version: `keyferry vault kek list` shows the names. A KEK that was deleted since needs a new wrap to a new KEK."
            }
            Self::KeyNotUsable => {
                "Enable the key, or wait for its validity: az keyvault key set-attributes --enabled true."
            }
            Self::SoftDeleted => {
                "A deleted key still owns this name. Recover it (az keyvault key recover) or purge it (az keyvault key purge; impossible under purge protection), or use another name."
            }
            Self::BeingDeleted => "Wait half a minute, then go on; or use another name.",
            Self::Conflict => {
                "Somebody else changed this key at the same time. Look at it, then go on."
            }
            Self::Throttled => {
                "The vault asks to slow down (2048-bit HSM keys: 10 in 10 seconds). Go on in a minute."
            }
            Self::ExportableWithoutPolicy => {
                "Give a release policy with --policy FILE, or leave --exportable away."
            }
            Self::BadRequest => {
                "The service's words say what it refuses. `keyferry inspect FILE --kek KEK` checks the file; type, curve and operations come from the receipt or the options."
            }
            Self::ServiceFault => {
                "It may have been carried out: ask the vault before doing it again (`keyferry transfer --resume` does). Azure's status page tells of outages."
            }
            Self::Unknown => "Read the service's words: they say what it refused.",
        };
        fixed.to_owned()
    }
}

fn roles(service: Service) -> String {
    match service {
        Service::Vault => "Have the role Key Vault Crypto Officer given to you on this vault (az role assignment create --role \"Key Vault Crypto Officer\"). A role that was just given takes up to ten minutes to count.",
        Service::ManagedHsm => "Have the role Managed HSM Crypto User given to you in the HSM's own roles (az keyvault role assignment create --role \"Managed HSM Crypto User\" --scope /keys); recovering and purging need Managed HSM Crypto Officer. A role that was just given takes minutes to count.",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
