//! What a refusal of the service means, and what to do about it. The table that tells stands beside it.

use super::trouble_table::Source::{Assumed, Known};
use super::trouble_table::{Source, TABLE};
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
                "Name the vault's tenant with --tenant ID (`az keyvault show --query properties.tenantId`), and sign in there: `az login --tenant ID`."
            }
            Self::NoPermission => {
                "This vault goes by access policies. Have its owner give you the key permissions get, list, create, import, sign, update and delete (`az keyvault set-policy --key-permissions …`)."
            }
            Self::Firewall => {
                "The vault's firewall refuses this machine's public address, which the message names. Have it added under Networking, or work from a network that is allowed."
            }
            Self::PrivateEndpoint => {
                "The vault takes private endpoints alone. Work from its virtual network, with the private DNS zone in place."
            }
            Self::StandardTier => {
                "HSM keys need a Premium vault or a Managed HSM; a vault's tier can be raised with `az keyvault update --sku premium`. Standard vaults cannot take a key by BYOK."
            }
            Self::KeyNotFound => {
                "Check the key's name and version: `keyferry vault kek list` shows the names. A KEK that was deleted since needs a new wrap to a new KEK."
            }
            Self::KeyNotUsable => {
                "Enable the key, or wait for its validity: `az keyvault key set-attributes --enabled true`."
            }
            Self::SoftDeleted => {
                "A deleted key still owns this name. Recover it (`az keyvault key recover`) or purge it (`az keyvault key purge`; impossible under purge protection), or use another name."
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
        Service::Vault => "Have the role Key Vault Crypto Officer given to you on this vault (`az role assignment create --role \"Key Vault Crypto Officer\"`). A role that was just given takes up to ten minutes to count.",
        Service::ManagedHsm => "Have the role Managed HSM Crypto User given to you in the HSM's own roles (`az keyvault role assignment create --role \"Managed HSM Crypto User\" --scope /keys`); recovering and purging need Managed HSM Crypto Officer. A role that was just given takes minutes to count.",
    }
    .to_owned()
}
