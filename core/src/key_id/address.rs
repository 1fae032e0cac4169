//! A vault or pool, by its address.

use super::{Admission, Kid, Service};
use crate::Error;
use std::fmt;

/// A vault or pool that the caller admits: one of Azure's hosts by exact suffix, or the practice vault of
/// this run. Nothing else can be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultAddress {
    url: String,
    service: Service,
    practice: bool,
}

impl VaultAddress {
    /// Parses `https://HOST[:PORT]`, with or without a slash at its end; scheme and host in any case.
    ///
    /// # Errors
    /// [`Error::VaultAddress`] for everything else: a path, user information, another scheme, another host.
    pub fn parse(text: &str, admission: &Admission) -> Result<Self, Error> {
        let bare = text.trim();
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        let (_, authority) = bare.split_once("://").ok_or(Error::VaultAddress)?;
        if authority.contains(['/', '?', '#']) {
            return Err(Error::VaultAddress);
        }
        // The rules for hosts are those of key identifiers; the key's name stands in for one.
        Kid::parse(&format!("{bare}/keys/k"), admission)
            .map(|kid| Self::of(&kid))
            .map_err(|_| Error::VaultAddress)
    }

    /// Where a key lives.
    pub fn of(kid: &Kid) -> Self {
        Self {
            url: kid.vault_url(),
            service: kid.service(),
            practice: kid.is_practice(),
        }
    }

    /// `https://HOST[:PORT]`, in lower case, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// A vault, or a Managed HSM pool.
    pub fn service(&self) -> Service {
        self.service
    }

    /// True for the practice vault.
    pub fn is_practice(&self) -> bool {
        self.practice
    }
}

impl fmt::Display for VaultAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.url)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::PracticeAuthority;

    fn parse(text: &str) -> Result<VaultAddress, Error> {
        let practice = PracticeAuthority::new("127.0.0.1", 8443).ok();
        let admission = Admission {
            practice,
            ..Admission::default()
        };
        VaultAddress::parse(text, &admission)
    }

    #[test]
    fn an_address_is_kept_in_one_spelling() {
        for text in [
            "https://contoso.vault.azure.net",
            "https://contoso.vault.azure.net/",
            " HTTPS://Contoso.Vault.Azure.Net:443/\n",
        ] {
            let address = parse(text).unwrap();
            assert_eq!(address.as_str(), "https://contoso.vault.azure.net");
            assert!(!address.is_practice());
        }
        let pool = parse("https://pool.managedhsm.usgovcloudapi.net").unwrap();
        assert_eq!(pool.service(), Service::ManagedHsm);
    }

    #[test]
    fn the_practice_vault_is_that_of_this_run_alone() {
        assert!(parse("https://127.0.0.1:8443").unwrap().is_practice());
        for text in ["https://127.0.0.1:8444", "https://localhost:8443"] {
            assert_eq!(parse(text).unwrap_err(), Error::VaultAddress, "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_vault() {
        for text in [
            "",
            "contoso",
            "contoso.vault.azure.net",
            "http://contoso.vault.azure.net",
            "https://contoso.vault.azure.net:8443",
            "https://contoso.vault.azure.net.evil.example",
            "https://evil.example/.vault.azure.net",
            "https://a.contoso.vault.azure.net",
            "https://user@contoso.vault.azure.net",
            "https://contoso.vault.azure.net/keys/k",
            "https://contoso.vault.azure.net?x",
            "https://contoso.vault.azure.net#x",
            "https://169.254.169.254",
            "https://localhost",
            "https://[::1]:8443",
            "file:///etc/passwd",
        ] {
            assert_eq!(parse(text).unwrap_err(), Error::VaultAddress, "{text}");
        }
    }
}
