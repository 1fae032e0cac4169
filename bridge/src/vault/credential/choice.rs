//! Which credential was asked for.

use std::fmt;
use std::str::FromStr;

/// `--credential`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CredentialChoice {
    /// The first that this machine is set up for: a service principal in the environment, workload
    /// identity, managed identity where the environment names its endpoint, else `az login`.
    #[default]
    Auto,
    /// `az login`.
    Az,
    /// A service principal in the environment: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, and
    /// `AZURE_CLIENT_SECRET` or `AZURE_CLIENT_CERTIFICATE_PATH`.
    Environment,
    /// Workload identity (`AZURE_FEDERATED_TOKEN_FILE`).
    Workload,
    /// Managed identity; `AZURE_CLIENT_ID` names a user-assigned one.
    ManagedIdentity,
}

impl CredentialChoice {
    /// The names that the command line takes.
    pub const NAMES: &'static str = "auto, az, environment, workload or managed-identity";
}

impl FromStr for CredentialChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "az" => Ok(Self::Az),
            "environment" => Ok(Self::Environment),
            "workload" => Ok(Self::Workload),
            "managed-identity" => Ok(Self::ManagedIdentity),
            _ => Err(format!("use {}", Self::NAMES)),
        }
    }
}

/// A tenant's id or domain name: letters, digits, `.` and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant(String);

impl Tenant {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tenant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
        // It becomes an argument of `az` and a part of the sign-in address.
        if (1..=253).contains(&text.len()) && text.bytes().all(known) && !text.starts_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err("a tenant is its id or its domain name".to_owned())
        }
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}
