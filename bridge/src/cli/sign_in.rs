//! How the bridge signs in to Azure, as the command line says it: the page has no say in it.

use clap::Args;

use crate::vault::{CredentialChoice, Tenant};

#[derive(Debug, Args)]
pub(super) struct SignIn {
    /// How to sign in to Azure: auto, az, environment, workload or managed-identity
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(super) credential: CredentialChoice,
    /// The vault's tenant, when your account's own is another one
    #[arg(long, value_name = "TENANT")]
    pub(super) tenant: Option<Tenant>,
}
