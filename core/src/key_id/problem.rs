//! Why a text is not a key identifier.

use crate::visible;
use std::fmt;

/// Why a text is not the identifier of a key in Azure Key Vault or Managed HSM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KidProblem {
    /// No identifier where one is needed.
    Missing,
    /// Longer than any identifier.
    TooLong,
    /// Spaces, control characters, a percent sign, a backslash or anything outside ASCII.
    Characters,
    /// Another scheme than https.
    NotHttps,
    /// User information before the host.
    UserInfo,
    /// A query.
    Query,
    /// A fragment.
    Fragment,
    /// Another port than 443.
    Port,
    /// The host is not of Azure Key Vault or Managed HSM; holds the host.
    Host(String),
    /// The vault's name is not 3–24 of `[0-9a-z-]`.
    VaultName,
    /// The path is not `/keys/NAME` or `/keys/NAME/VERSION`.
    Path,
    /// The key's name is not 1–127 of `[0-9A-Za-z-]`.
    KeyName,
    /// The version is not 32 hexadecimal digits.
    Version,
}

impl KidProblem {
    /// Stable kebab-case name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "kid-missing",
            Self::TooLong => "kid-too-long",
            Self::Characters => "kid-characters",
            Self::NotHttps => "kid-not-https",
            Self::UserInfo => "kid-user-info",
            Self::Query => "kid-query",
            Self::Fragment => "kid-fragment",
            Self::Port => "kid-port",
            Self::Host(_) => "kid-host",
            Self::VaultName => "kid-vault-name",
            Self::Path => "kid-path",
            Self::KeyName => "kid-key-name",
            Self::Version => "kid-version",
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing => {
                "Give the key identifier that `az keyvault key show` prints as `key.kid`, or load that command's JSON instead."
            }
            Self::Host(_) => {
                "Do not use this key: whoever runs that host could open the transfer. Take the identifier from your own vault with `az keyvault key show`."
            }
            Self::UserInfo | Self::NotHttps | Self::Port => {
                "Take the identifier from your own vault with `az keyvault key show`; do not repair this one by hand."
            }
            Self::Version => {
                "A version is 32 hexadecimal digits. Copy the whole identifier from `az keyvault key show`."
            }
            Self::VaultName => {
                "Vault and pool names are 3 to 24 letters, digits and hyphens. Copy the identifier again."
            }
            Self::KeyName => {
                "Key names are 1 to 127 letters, digits and hyphens. Copy the identifier again."
            }
            Self::TooLong | Self::Characters | Self::Query | Self::Fragment | Self::Path => {
                "Use the form https://VAULT.vault.azure.net/keys/NAME/VERSION, as `az keyvault key show` prints it."
            }
        }
    }
}

impl fmt::Display for KidProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Missing => "no key identifier (kid) was given",
            Self::TooLong => "the key identifier is longer than any real one",
            Self::Characters => {
                "the key identifier holds a space, an escape or a character outside ASCII"
            }
            Self::NotHttps => "the key identifier does not start with https://",
            Self::UserInfo => "the key identifier has user information before its host",
            Self::Query => "the key identifier has a query",
            Self::Fragment => "the key identifier has a fragment",
            Self::Port => "the key identifier names another port than 443",
            Self::Host(host) => {
                return write!(
                    formatter,
                    "the host {} does not belong to Azure Key Vault or Managed HSM",
                    visible(host)
                );
            }
            Self::VaultName => "the vault's name in the key identifier is not a possible one",
            Self::Path => "the key identifier's path is not /keys/NAME/VERSION",
            Self::KeyName => "the key's name in the key identifier is not a possible one",
            Self::Version => "the key identifier's version is not 32 hexadecimal digits",
        };
        formatter.write_str(text)
    }
}
