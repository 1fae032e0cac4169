//! The handle of a running practice vault.

use super::answer::{Counter, blocking};
use super::az_json::az_key_show;
use super::ca::Identity;
use super::error::PracticeError;
use super::fault::{Faults, Mischief};
use super::flavour::Flavour;
use super::opened::Opened;
use super::request::{KeyName, Settings};
use super::server::serve;
use super::store::Store;
use keyferry_core::{KekBits, PracticeAuthority, PracticeKeyId};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How a practice vault is to be.
#[derive(Debug, Clone)]
pub struct PracticeOptions {
    /// Where it listens; 127.0.0.1 only, port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Which service it plays.
    pub flavour: Flavour,
    /// What it does wrong.
    pub faults: Faults,
}

impl Default for PracticeOptions {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            flavour: Flavour::default(),
            faults: Faults::none(),
        }
    }
}

/// A vault on loopback that lives as long as this value: dropping it ends it and forgets its keys.
///
/// Its CA is made for this run and installed nowhere; only a client that was given
/// [`ca_der`](Self::ca_der) trusts it, and only for loopback.
pub struct PracticeVault {
    store: Arc<Store>,
    flavour: Flavour,
    ca_der: Vec<u8>,
    serving: JoinHandle<()>,
}

impl PracticeVault {
    /// Listens on 127.0.0.1, on a port that the system chooses, and serves TLS there.
    ///
    /// # Errors
    /// [`PracticeError::Listen`], or certificates that could not be made.
    pub async fn start() -> Result<Self, PracticeError> {
        Self::start_with(PracticeOptions::default()).await
    }

    /// The same with another address, flavour or faults.
    ///
    /// # Errors
    /// As [`PracticeVault::start`]; an address that is no practice authority.
    pub async fn start_with(options: PracticeOptions) -> Result<Self, PracticeError> {
        let PracticeOptions {
            listen,
            flavour,
            faults,
        } = options;
        // Refused before anything listens there.
        PracticeAuthority::new(&listen.ip().to_string(), listen.port().max(1))?;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(PracticeError::Listen)?;
        let address = listener.local_addr().map_err(PracticeError::Listen)?;
        let authority = PracticeAuthority::new(&address.ip().to_string(), address.port())?;
        let Identity { ca_der, tls } = Identity::make()?;
        let store = Arc::new(Store::new(authority));
        let counter = Counter {
            store: Arc::clone(&store),
            flavour,
            mischief: Mischief::new(faults),
        };
        let serving = tokio::spawn(serve(listener, tls, Arc::new(counter)));
        Ok(Self {
            store,
            flavour,
            ca_der,
            serving,
        })
    }

    /// Where it listens; what core's `Admission` needs to admit its kids.
    pub fn authority(&self) -> &PracticeAuthority {
        self.store.authority()
    }

    /// `https://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        self.store.base_url()
    }

    /// Which service it plays.
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// The certificate of this run's CA, DER.
    pub fn ca_der(&self) -> &[u8] {
        &self.ca_der
    }

    /// Makes an RSA-HSM key with the operation `import` alone, without going over TLS.
    ///
    /// # Errors
    /// A name that Key Vault does not take.
    pub async fn create_kek(
        &self,
        name: &str,
        bits: KekBits,
    ) -> Result<PracticeKeyId, PracticeError> {
        let name = KeyName::parse(name)?;
        let store = Arc::clone(&self.store);
        let key = blocking(move || store.create_rsa(&name, bits, Settings::kek())).await?;
        Ok(PracticeKeyId::parse(&key.kid, self.authority())?)
    }

    /// What `az keyvault key show -o json` would print of a key.
    ///
    /// # Errors
    /// No such key in this vault.
    pub fn az_key_show_json(&self, kid: &PracticeKeyId) -> Result<String, PracticeError> {
        let name = KeyName::parse(kid.key_name())?;
        Ok(az_key_show(
            &*self.store.get(&name, &kid.version().map(str::to_owned))?,
        ))
    }

    /// What was imported so far, oldest first.
    pub fn opened(&self) -> Vec<Opened> {
        self.store.opened()
    }
}

impl Drop for PracticeVault {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
