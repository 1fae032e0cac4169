//! Which credential is in use, as people see it.

use std::fmt;

/// The credential of a connection. Names what is public of it; there is no way to a secret from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsedCredential {
    /// `az login`.
    Az,
    /// A service principal's secret.
    ClientSecret {
        /// `AZURE_CLIENT_ID`.
        client: String,
    },
    /// A service principal's certificate.
    ClientCertificate {
        /// `AZURE_CLIENT_ID`.
        client: String,
    },
    /// Workload identity.
    Workload {
        /// `AZURE_CLIENT_ID`.
        client: String,
    },
    /// Managed identity.
    ManagedIdentity {
        /// The client ID of a user-assigned one.
        client: Option<String>,
    },
    /// None: a practice vault takes any token.
    Practice,
}

impl UsedCredential {
    /// What to do when it gives no token.
    pub(in crate::vault) fn advice(&self) -> String {
        match self {
            Self::Az => "Run `az login` (a guest names the vault's tenant: `az login --tenant ID`, and --tenant ID here). Without az, set up a service principal in AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH.",
            Self::ClientSecret { .. } => "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, and that the secret has not expired.",
            Self::ClientCertificate { .. } => "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_CERTIFICATE_PATH: one PEM file with the certificate and its RSA key (openssl pkcs12 -nodes makes one of a .pfx), registered with the application.",
            Self::Workload { .. } => "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE, and the application's federated credential.",
            Self::ManagedIdentity { .. } => "Give this machine a managed identity; a user-assigned one is named by AZURE_CLIENT_ID.",
            Self::Practice => "Start the practice vault again.",
        }
        .to_owned()
    }
}

impl fmt::Display for UsedCredential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Az => formatter.write_str("az login"),
            Self::ClientSecret { client } => {
                write!(formatter, "the secret of application {client}")
            }
            Self::ClientCertificate { client } => {
                write!(formatter, "the certificate of application {client}")
            }
            Self::Workload { client } => {
                write!(formatter, "the workload identity of application {client}")
            }
            Self::ManagedIdentity { client: None } => formatter.write_str("managed identity"),
            Self::ManagedIdentity {
                client: Some(client),
            } => write!(formatter, "the managed identity {client}"),
            Self::Practice => formatter.write_str("no credential (practice)"),
        }
    }
}
