//! The variables that Azure's own tools read, read once and shown nowhere.

use super::{CredentialChoice, UsedCredential};
use azure_core::credentials::Secret;
use keyferry_core::visible;
use std::path::PathBuf;

/// What the environment says about signing in.
#[derive(Debug, Default)]
pub(in crate::vault) struct Environment {
    pub(super) tenant: Option<String>,
    pub(super) client: Option<String>,
    pub(super) secret: Option<Secret>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) send_chain: bool,
    pub(super) federated_token: Option<PathBuf>,
    pub(super) identity_endpoint: bool,
    pub(super) authority_host: Option<String>,
}

impl Environment {
    /// This process's.
    pub(in crate::vault) fn of_process() -> Self {
        Self::read(|name| std::env::var(name).ok())
    }

    /// By any source of variables; an empty one is none.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        Self {
            tenant: get("AZURE_TENANT_ID"),
            client: get("AZURE_CLIENT_ID"),
            secret: get("AZURE_CLIENT_SECRET").map(Secret::new),
            certificate: get("AZURE_CLIENT_CERTIFICATE_PATH").map(PathBuf::from),
            send_chain: get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
                .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true")),
            federated_token: get("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
            identity_endpoint: get("IDENTITY_ENDPOINT").is_some(),
            authority_host: get("AZURE_AUTHORITY_HOST"),
        }
    }

    /// The credential that a choice comes down to here.
    ///
    /// # Errors
    /// What is missing for the one that was asked for.
    pub(super) fn choose(&self, choice: CredentialChoice) -> Result<UsedCredential, String> {
        match choice {
            CredentialChoice::Az => Ok(UsedCredential::Az),
            CredentialChoice::Environment => self.principal().ok_or_else(|| {
                "the environment names no service principal: set AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH".to_owned()
            }),
            CredentialChoice::Workload => self.workload().ok_or_else(|| {
                "the environment names no workload identity: set AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE".to_owned()
            }),
            CredentialChoice::ManagedIdentity => Ok(self.managed()),
            CredentialChoice::Auto => Ok(self
                .principal()
                .or_else(|| self.workload())
                .or_else(|| self.identity_endpoint.then(|| self.managed()))
                .unwrap_or(UsedCredential::Az)),
        }
    }

    fn principal(&self) -> Option<UsedCredential> {
        let client = self.shown_client()?;
        if self.secret.is_some() {
            Some(UsedCredential::ClientSecret { client })
        } else if self.certificate.is_some() {
            Some(UsedCredential::ClientCertificate { client })
        } else {
            None
        }
    }

    fn workload(&self) -> Option<UsedCredential> {
        let client = self.shown_client()?;
        self.federated_token
            .is_some()
            .then_some(UsedCredential::Workload { client })
    }

    fn managed(&self) -> UsedCredential {
        UsedCredential::ManagedIdentity {
            client: self.shown_client(),
        }
    }

    fn shown_client(&self) -> Option<String> {
        self.client.as_deref().map(visible)
    }
}
