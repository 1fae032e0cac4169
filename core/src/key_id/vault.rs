//! Where keys live: the address of a vault or Managed HSM, or of this machine's practice vault.

use super::{Admission, KeyName, Kid, Service};
use crate::Error;
use std::fmt;

/// The address of a vault: what every kid of it begins with, `https://HOST[:PORT]`.
///
/// It is read by the same rules as a kid, so that a host is a vault's for both or for neither.
#[derive(Debug, Clone)]
pub struct VaultAddress {
    /// The kid of a key that need not exist.
    any: Kid,
}

impl VaultAddress {
    /// Parses `https://NAME.SUFFIX`, with or without a slash after it.
    ///
    /// # Errors
    /// [`Error::VaultAddress`] with the rule that was broken.
    pub fn parse(text: &str, admission: &Admission) -> Result<Self, Error> {
        let bare = text.strip_suffix('/').unwrap_or(text);
        // A path would make the rest read as another key's.
        let has_path = bare
            .split_once("://")
            .is_some_and(|(_, rest)| rest.contains('/'));
        if has_path {
            return Err(Error::VaultAddress {
                problem: super::KidProblem::Path,
            });
        }
        match Kid::parse(&format!("{bare}/keys/any"), admission) {
            Ok(any) => Ok(Self { any }),
            Err(Error::Kid(problem)) => Err(Error::VaultAddress { problem }),
            Err(other) => Err(other),
        }
    }

    /// The vault that `kid` belongs to.
    pub fn of(kid: &Kid) -> Self {
        Self { any: kid.clone() }
    }

    /// `https://HOST[:PORT]`, without a trailing slash.
    pub fn url(&self) -> String {
        self.any.vault_url()
    }

    /// The vault's or pool's name, as `az` takes it; `localhost` or `127.0.0.1` for practice.
    pub fn name(&self) -> &str {
        self.any.vault_name()
    }

    /// What answers there; the practice vault plays a Key Vault.
    pub fn service(&self) -> Service {
        self.any.service()
    }

    /// The DNS name under which such vaults live (`vault.azure.net`); none for practice.
    pub fn suffix(&self) -> Option<&str> {
        self.any
            .azure()
            .and_then(|kid| kid.host().split_once('.'))
            .map(|(_, suffix)| suffix)
    }

    /// True for the practice vault.
    pub fn is_practice(&self) -> bool {
        self.any.is_practice()
    }

    /// True when `kid` is of a key in this vault.
    pub fn holds(&self, kid: &Kid) -> bool {
        self.is_practice() == kid.is_practice() && self.url() == kid.vault_url()
    }

    /// The identifier of a key here; without a version it means the newest.
    pub fn kid(&self, name: &KeyName, version: Option<&str>) -> String {
        let version = version.map(|version| format!("/{version}"));
        format!(
            "{}/keys/{name}{}",
            self.url(),
            version.as_deref().unwrap_or_default()
        )
    }
}

impl PartialEq for VaultAddress {
    fn eq(&self, other: &Self) -> bool {
        self.holds(&other.any)
    }
}

impl Eq for VaultAddress {}

impl fmt::Display for VaultAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.url())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::PracticeAuthority;

    fn practice() -> Admission {
        Admission {
            practice: Some(PracticeAuthority::new("localhost", 8443).unwrap()),
            ..Admission::default()
        }
    }

    #[test]
    fn reads_every_cloud_and_says_what_answers_there() {
        for (text, name, service, suffix) in [
            (
                "https://contoso.vault.azure.net",
                "contoso",
                Service::Vault,
                "vault.azure.net",
            ),
            (
                "HTTPS://Contoso.Vault.Azure.CN:443/",
                "contoso",
                Service::Vault,
                "vault.azure.cn",
            ),
            (
                "https://pool.managedhsm.usgovcloudapi.net",
                "pool",
                Service::ManagedHsm,
                "managedhsm.usgovcloudapi.net",
            ),
        ] {
            let vault = VaultAddress::parse(text, &Admission::default()).unwrap();
            assert_eq!(
                (vault.name(), vault.service(), vault.suffix()),
                (name, service, Some(suffix))
            );
            assert_eq!(vault.url(), format!("https://{name}.{suffix}"));
        }
    }

    #[test]
    fn refuses_what_is_no_vault_by_the_rule_that_it_breaks() {
        for text in [
            "",
            "contoso",
            "http://contoso.vault.azure.net",
            "https://contoso.vault.azure.net.evil.example",
            "https://vault.azure.net",
            "https://contoso.vault.azure.net:8443",
            "https://contoso.vault.azure.net/keys/KEK",
            "https://contoso.vault.azure.net//",
            "https://contoso.vault.azure.net?x=1",
            "https://a@contoso.vault.azure.net",
            "https://127.0.0.1",
            "https://localhost:8443",
        ] {
            let error = VaultAddress::parse(text, &Admission::default()).unwrap_err();
            assert_eq!(error.code(), "vault-address", "{text}");
        }
    }

    #[test]
    fn practice_is_admitted_by_its_own_authority_alone_and_holds_its_own_kids_alone() {
        let vault = VaultAddress::parse("https://localhost:8443/", &practice()).unwrap();
        assert!(vault.is_practice());
        assert_eq!(vault.suffix(), None);
        for other in ["https://localhost:8444", "https://127.0.0.1:8443"] {
            assert!(VaultAddress::parse(other, &practice()).is_err(), "{other}");
        }
        let name = KeyName::parse("KEK").unwrap();
        let kid = Kid::parse(&vault.kid(&name, None), &practice()).unwrap();
        assert!(vault.holds(&kid));
        let real = Kid::parse("https://contoso.vault.azure.net/keys/KEK", &practice()).unwrap();
        assert!(!vault.holds(&real));
        assert!(VaultAddress::of(&real).holds(&real));
    }
}
