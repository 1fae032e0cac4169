//! Which of Azure's two services is played.

use keyferry_core::Service;

/// What the practice vault plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavour {
    /// A Key Vault with HSM keys (Premium).
    #[default]
    Vault,
    /// A Managed HSM pool.
    ManagedHsm,
}

impl Flavour {
    /// As core names it.
    #[must_use]
    pub fn service(self) -> Service {
        match self {
            Self::Vault => Service::Vault,
            Self::ManagedHsm => Service::ManagedHsm,
        }
    }

    /// Its name in files and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::ManagedHsm => "managed-hsm",
        }
    }

    /// The challenge's `resource`: always an address of the practice vault's own, for which no
    /// tenant gives a token. Azure's `https://vault.azure.net` or `https://managedhsm.azure.net`
    /// here would have a real credential send a real token to a program for practice.
    pub(super) fn resource(self, base_url: &str) -> String {
        match self {
            Self::Vault => base_url.to_owned(),
            Self::ManagedHsm => format!("{base_url}/managedhsm"),
        }
    }
}
