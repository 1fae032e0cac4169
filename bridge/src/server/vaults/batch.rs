//! The vault of a batch whose keys are imported.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use keyferry_core::{VaultAddress, VaultImportEvent};

use super::present::Vaults;
use super::way::Listening;
use crate::Error;
use crate::vault::VaultClient;

/// What a batch has of its vault. While it lives, its waits are heard.
pub(in crate::server) struct BatchVault {
    /// How it is signed in to.
    pub(in crate::server) signed_in: String,
    /// By its address, as the run wants it.
    pub(in crate::server) clients: BTreeMap<String, Arc<VaultClient>>,
    /// How many of the names are in it already.
    pub(in crate::server) present: u64,
    _listening: Listening,
}

impl Vaults {
    /// Gets ready to import. `names` are looked up in the vault: whoever is asked is told how many are taken. A vault
    /// that this run has not signed in to is asked about first, natively. None are looked up of a batch that is gone
    /// on with: some of its names are there because it brought them.
    pub(in crate::server) async fn for_batch(
        &self,
        vault: &VaultAddress,
        names: &[String],
        tell: impl Fn(String, Duration) + Send + Sync + 'static,
    ) -> Result<BatchVault, Error> {
        let present = if names.is_empty() {
            0
        } else {
            let listed = self.reading(vault).await?.list().await?;
            let listed = listed.into_iter().map(|one| lower(one.name.as_str()));
            let listed: HashSet<String> = listed.collect();
            names
                .iter()
                .filter(|name| listed.contains(&lower(name)))
                .count()
        };
        let listener = Arc::new(move |event: VaultImportEvent| {
            if let VaultImportEvent::Waiting { message, seconds } = event {
                tell(message, Duration::from_secs(seconds.into()));
            }
        });
        let (client, listening) = self.way.import_client(vault, listener)?;
        Ok(BatchVault {
            signed_in: client.credential().to_string(),
            clients: BTreeMap::from([(vault.url(), Arc::new(client))]),
            present: u64::try_from(present).unwrap_or(u64::MAX),
            _listening: listening,
        })
    }
}

/// Names in a vault differ by more than the case of their letters.
fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}
