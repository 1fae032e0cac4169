//! Azure's clouds: who signs in, and for what audience tokens are.

use super::error::VaultError;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use keyferry_core::VaultAddress;

/// The cloud that a vault belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cloud {
    /// The public one.
    Public,
    /// Operated by 21Vianet.
    China,
    /// Of the United States' government.
    UsGovernment,
    /// One that the settings name: it signs in where `AZURE_AUTHORITY_HOST` says.
    Configured,
}

impl Cloud {
    /// By the vault's suffix.
    ///
    /// # Errors
    /// [`VaultError::RetiredCloud`].
    pub(super) fn of(vault: &VaultAddress) -> Result<Self, VaultError> {
        match vault.suffix() {
            Some("vault.azure.net" | "managedhsm.azure.net") => Ok(Self::Public),
            Some("vault.azure.cn" | "managedhsm.azure.cn") => Ok(Self::China),
            Some("vault.usgovcloudapi.net" | "managedhsm.usgovcloudapi.net") => {
                Ok(Self::UsGovernment)
            }
            Some("vault.microsoftazure.de" | "managedhsm.microsoftazure.de") => {
                Err(VaultError::RetiredCloud(vault.url()))
            }
            _ => Ok(Self::Configured),
        }
    }

    /// Where tokens come from, without a trailing slash. `given` is `AZURE_AUTHORITY_HOST`, which
    /// counts only where this program does not know better.
    pub(super) fn authority_host(&self, given: Option<&str>) -> String {
        let host = match self {
            Self::Public => "https://login.microsoftonline.com",
            Self::China => "https://login.chinacloudapi.cn",
            Self::UsGovernment => "https://login.microsoftonline.us",
            Self::Configured => given.unwrap_or("https://login.microsoftonline.com"),
        };
        host.trim_end_matches('/').to_owned()
    }

    /// The SDK's name for it.
    pub(super) fn configuration(&self, authority_host: &str) -> CloudConfiguration {
        match self {
            Self::Public => CloudConfiguration::AzurePublic,
            Self::China => CloudConfiguration::AzureChina,
            Self::UsGovernment => CloudConfiguration::AzureGovernment,
            Self::Configured => {
                let mut custom = CustomConfiguration::default();
                custom.authority_host = authority_host.to_owned();
                custom.into()
            }
        }
    }
}

/// The audience of a vault's tokens: its suffix, as `https://vault.azure.net`. What a challenge asks
/// for must be this and nothing else.
pub(super) fn audience(vault: &VaultAddress) -> Option<String> {
    vault.suffix().map(|suffix| format!("https://{suffix}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use keyferry_core::{Admission, Service, Suffix};

    #[test]
    fn each_cloud_signs_in_at_its_own_host_for_its_own_audience() {
        let admission = Admission {
            extra_suffixes: vec![Suffix::new("vault.example.org", Service::Vault).unwrap()],
            ..Admission::default()
        };
        for (vault, host, wanted) in [
            (
                "https://abc.vault.azure.net",
                "https://login.microsoftonline.com",
                "https://vault.azure.net",
            ),
            (
                "https://abc.managedhsm.azure.net",
                "https://login.microsoftonline.com",
                "https://managedhsm.azure.net",
            ),
            (
                "https://abc.vault.azure.cn",
                "https://login.chinacloudapi.cn",
                "https://vault.azure.cn",
            ),
            (
                "https://abc.managedhsm.azure.cn",
                "https://login.chinacloudapi.cn",
                "https://managedhsm.azure.cn",
            ),
            (
                "https://abc.vault.usgovcloudapi.net",
                "https://login.microsoftonline.us",
                "https://vault.usgovcloudapi.net",
            ),
            (
                "https://abc.managedhsm.usgovcloudapi.net",
                "https://login.microsoftonline.us",
                "https://managedhsm.usgovcloudapi.net",
            ),
            (
                "https://abc.vault.example.org",
                "https://login.example.org",
                "https://vault.example.org",
            ),
        ] {
            let vault = VaultAddress::parse(vault, &admission).unwrap();
            let cloud = Cloud::of(&vault).unwrap();
            // A variable cannot send a public cloud's sign-in elsewhere.
            assert_eq!(
                cloud.authority_host(Some("https://login.example.org/")),
                host,
                "{vault}"
            );
            assert_eq!(audience(&vault).unwrap(), wanted);
        }
    }

    #[test]
    fn a_closed_cloud_is_not_connected_to() {
        let vault =
            VaultAddress::parse("https://abc.vault.microsoftazure.de", &Admission::default())
                .unwrap();
        assert_eq!(Cloud::of(&vault).unwrap_err().code(), "vault-retired-cloud");
    }
}
