//! The way out of this machine. Every outward connection of the bridge starts here: whoever holds no
//! [`Outward`] makes none.

use super::client::VaultClient;
use super::cloud::{self, Cloud};
use super::credential::{
    CredentialChoice, Environment, ForAudience, PracticeCredential, Tenant, Transports,
    UsedCredential, make,
};
use super::error::VaultError;
use super::patience::Patience;
use super::practice::{PracticeVault, RunningPractice};
use super::transport::{self, Bounded};
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_security_keyvault_keys::{KeyClient, KeyClientOptions};
use keyferry_core::{Admission, PracticeAuthority, VaultAddress};
use std::fmt;
use std::sync::Arc;

/// A running practice vault: its address, and the CA that is trusted for that address alone.
#[derive(Debug, Clone)]
pub struct PracticeTrust {
    /// `localhost:PORT` or `127.0.0.1:PORT`.
    pub authority: PracticeAuthority,
    /// The CA's certificate, DER.
    pub ca_der: Vec<u8>,
}

impl From<&PracticeVault> for PracticeTrust {
    fn from(vault: &PracticeVault) -> Self {
        Self {
            authority: vault.authority().clone(),
            ca_der: vault.ca_der().to_vec(),
        }
    }
}

impl From<RunningPractice> for PracticeTrust {
    fn from(running: RunningPractice) -> Self {
        Self {
            authority: running.authority,
            ca_der: running.ca_der,
        }
    }
}

/// Leave to connect to vaults, and as whom. Made where a person asked for it: by a verb of the
/// command line, or by `serve` unless it runs offline.
#[derive(Clone)]
pub struct Outward {
    credential: CredentialChoice,
    tenant: Option<Tenant>,
    /// Suffixes of further clouds.
    admission: Admission,
    practice: Option<PracticeTrust>,
    patience: Patience,
    #[cfg(test)]
    pub(super) test_route: Option<super::tests::TestRoute>,
}

impl Outward {
    /// `admission` names further suffixes; its practice vault counts only with `practice`.
    pub fn new(
        credential: CredentialChoice,
        tenant: Option<Tenant>,
        mut admission: Admission,
        practice: Option<PracticeTrust>,
        patience: Patience,
    ) -> Self {
        admission.practice = practice.as_ref().map(|trust| trust.authority.clone());
        Self {
            credential,
            tenant,
            admission,
            practice,
            patience,
            #[cfg(test)]
            test_route: None,
        }
    }

    /// For a practice vault and nothing else.
    pub fn to_practice(practice: PracticeTrust, patience: Patience) -> Self {
        Self::new(
            CredentialChoice::Auto,
            None,
            Admission::default(),
            Some(practice),
            patience,
        )
    }

    /// Which addresses and kids this way out admits.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Sets up a client of `vault`. Nothing is sent yet: the first call signs in.
    ///
    /// # Errors
    /// [`VaultError`]: a closed cloud, a credential that is not set up, a practice vault that does
    /// not run.
    pub fn connect(&self, vault: &VaultAddress) -> Result<VaultClient, VaultError> {
        let (admission, patience) = (self.admission.clone(), self.patience.clone());
        if vault.is_practice() {
            let trust = self
                .practice
                .clone()
                .filter(|trust| vault.url() == format!("https://{}", trust.authority.authority()))
                .ok_or_else(|| VaultError::NoPractice(vault.url()))?;
            let address = vault.url();
            let maker = Box::new(move || practice_client(&address, &trust));
            return VaultClient::new(
                maker,
                vault.clone(),
                admission,
                UsedCredential::Practice,
                patience,
            );
        }
        let (used, _) = self.sign_in(vault)?;
        let (this, address) = (self.clone(), vault.clone());
        let maker = Box::new(move || this.azure_client(&address));
        VaultClient::new(maker, vault.clone(), admission, used, patience)
    }

    fn azure_client(&self, vault: &VaultAddress) -> Result<KeyClient, VaultError> {
        let (_, credential) = self.sign_in(vault)?;
        let audience = cloud::audience(vault)
            .ok_or_else(|| VaultError::Setup("a vault without a suffix".to_owned()))?;
        let transport = Bounded::only(self.http()?, authority_of(vault));
        key_client(
            &vault.url(),
            Arc::new(ForAudience::new(credential, &audience)),
            transport,
            true,
        )
    }

    fn sign_in(
        &self,
        vault: &VaultAddress,
    ) -> Result<(UsedCredential, Arc<dyn TokenCredential>), VaultError> {
        let cloud = Cloud::of(vault)?;
        let transports = Transports {
            sign_in: Transport::new(Arc::new(Bounded::new(self.http()?))),
            metadata: Transport::new(Arc::new(Bounded::new(transport::metadata()?))),
        };
        #[cfg(test)]
        if let Some(route) = &self.test_route {
            return Ok((UsedCredential::Az, Arc::clone(&route.credential)));
        }
        make(
            self.credential,
            self.tenant.as_ref(),
            &Environment::of_process(),
            &cloud,
            transports,
        )
    }

    fn http(&self) -> Result<reqwest::Client, VaultError> {
        #[cfg(test)]
        if let Some(route) = &self.test_route {
            return route.http();
        }
        transport::by_system()?.build().map_err(VaultError::setup)
    }
}

/// Practice: that run's CA alone, no proxy. The challenge's resource is not compared with the
/// address only here, because the SDK's comparison wants a domain and loopback has none.
fn practice_client(address: &str, trust: &PracticeTrust) -> Result<KeyClient, VaultError> {
    let http = transport::trusting(&trust.ca_der)?;
    let transport = Bounded::only(http, trust.authority.authority());
    key_client(address, Arc::new(PracticeCredential), transport, false)
}

fn key_client(
    address: &str,
    credential: Arc<dyn TokenCredential>,
    transport: Bounded,
    verify_challenge_resource: bool,
) -> Result<KeyClient, VaultError> {
    let options = KeyClientOptions {
        client_options: ClientOptions {
            transport: Some(Transport::new(Arc::new(transport))),
            // Waiting is ours to show, so the SDK does none.
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        },
        verify_challenge_resource: Some(verify_challenge_resource),
        ..KeyClientOptions::default()
    };
    KeyClient::new(address, credential, Some(options)).map_err(VaultError::setup)
}

/// `HOST` or `HOST:PORT`, as a request's address has it.
fn authority_of(vault: &VaultAddress) -> String {
    let url = vault.url();
    url.strip_prefix("https://").unwrap_or(&url).to_owned()
}

impl fmt::Debug for Outward {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Outward")
    }
}
