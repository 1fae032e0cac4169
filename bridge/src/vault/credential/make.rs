//! Makes the SDK's credential of a choice.

use super::certificate::CertificateAssertion;
use super::{CredentialChoice, Environment, Tenant, UsedCredential};
use crate::vault::cloud::Cloud;
use crate::vault::error::VaultError;
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use std::sync::Arc;

/// How credentials reach their hosts.
pub(in crate::vault) struct Transports {
    /// The cloud's sign-in host.
    pub(in crate::vault) sign_in: Transport,
    /// This machine's own identity service.
    pub(in crate::vault) metadata: Transport,
}

/// The credential, and how it is shown. No token is asked for yet.
///
/// # Errors
/// [`VaultError::Credential`] with what is missing.
pub(in crate::vault) fn make(
    choice: CredentialChoice,
    tenant: Option<&Tenant>,
    environment: &Environment,
    cloud: &Cloud,
    transports: Transports,
) -> Result<(UsedCredential, Arc<dyn TokenCredential>), VaultError> {
    let used = environment.choose(choice).map_err(VaultError::Setup)?;
    let refused = |text: String| VaultError::Credential {
        used: used.clone(),
        text,
    };
    let tenant_of = || {
        tenant
            .map(|tenant| tenant.as_str().to_owned())
            .or_else(|| environment.tenant.clone())
            .ok_or_else(|| refused("no tenant: set AZURE_TENANT_ID or say --tenant".to_owned()))
    };
    let client = environment.client.clone().unwrap_or_default();
    let authority = cloud.authority_host(environment.authority_host.as_deref());
    let options = client_options(cloud, transports.sign_in, &authority);
    let made: azure_core::Result<Arc<dyn TokenCredential>> = match &used {
        UsedCredential::Az => AzureCliCredential::new(Some(AzureCliCredentialOptions {
            tenant_id: tenant.map(|tenant| tenant.as_str().to_owned()),
            ..AzureCliCredentialOptions::default()
        }))
        .map(|credential| credential as Arc<dyn TokenCredential>),
        UsedCredential::ClientSecret { .. } => {
            let secret = environment
                .secret
                .clone()
                .ok_or_else(|| refused("AZURE_CLIENT_SECRET is not set".to_owned()))?;
            ClientSecretCredential::new(
                &tenant_of()?,
                client,
                secret,
                Some(ClientSecretCredentialOptions {
                    client_options: options,
                }),
            )
            .map(|credential| credential as Arc<dyn TokenCredential>)
        }
        UsedCredential::ClientCertificate { .. } => {
            let tenant = tenant_of()?;
            let path = environment
                .certificate
                .as_deref()
                .unwrap_or_else(|| "".as_ref());
            let assertion = CertificateAssertion::read(
                path,
                environment.send_chain,
                &client,
                format!("{authority}/{tenant}/oauth2/v2.0/token"),
            )
            .map_err(refused)?;
            ClientAssertionCredential::new(
                tenant,
                client,
                assertion,
                Some(ClientAssertionCredentialOptions {
                    client_options: options,
                }),
            )
            .map(|credential| credential as Arc<dyn TokenCredential>)
        }
        UsedCredential::Workload { .. } => {
            WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                credential_options: ClientAssertionCredentialOptions {
                    client_options: options,
                },
                client_id: Some(client),
                tenant_id: Some(tenant_of()?),
                token_file_path: environment.federated_token.clone(),
            }))
            .map(|credential| credential as Arc<dyn TokenCredential>)
        }
        UsedCredential::ManagedIdentity { client } => {
            ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                user_assigned_id: client.clone().map(UserAssignedId::ClientId),
                client_options: client_options(cloud, transports.metadata, &authority),
            }))
            .map(|credential| credential as Arc<dyn TokenCredential>)
        }
        UsedCredential::Practice => return Ok((used, Arc::new(super::PracticeCredential))),
    };
    let made = made.map_err(|error| refused(error.to_string()))?;
    Ok((used, made))
}

fn client_options(cloud: &Cloud, transport: Transport, authority: &str) -> ClientOptions {
    ClientOptions {
        transport: Some(transport),
        // Waiting is ours to show, so the SDK does none.
        retry: RetryOptions::none(),
        cloud: Some(Arc::new(cloud.configuration(authority))),
        ..ClientOptions::default()
    }
}
