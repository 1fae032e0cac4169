//! A way to a vault of this test in place of Azure's: the same client, with another address behind
//! the real host's name and another CA. Only tests can set one.

use super::super::error::VaultError;
use super::super::transport;
use azure_core::credentials::TokenCredential;
use std::net::SocketAddr;
use std::sync::Arc;

/// Where a real host's name leads in a test.
#[derive(Clone)]
pub(in crate::vault) struct TestRoute {
    pub(in crate::vault) host: String,
    pub(in crate::vault) address: SocketAddr,
    pub(in crate::vault) ca_der: Vec<u8>,
    pub(in crate::vault) credential: Arc<dyn TokenCredential>,
}

impl TestRoute {
    pub(in crate::vault) fn http(&self) -> Result<reqwest::Client, VaultError> {
        transport::routed(&self.ca_der, &self.host, self.address)
    }
}
