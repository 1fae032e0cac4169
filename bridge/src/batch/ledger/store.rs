//! Where transactions go: a file or a server, off the threads that serve others.

use std::sync::{Arc, Mutex, PoisonError};

use super::LedgerError;
use super::address::LedgerPlace;
use super::sqlite::Sqlite;
use super::tx::{Trouble, Tx};

/// A connection; clones share it.
#[derive(Clone)]
pub(super) struct Store {
    place: String,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Sqlite(Arc<Mutex<Sqlite>>),
    #[cfg(feature = "postgres")]
    Postgres(super::postgres::Postgres),
}

impl Store {
    pub(super) async fn open(place: &LedgerPlace) -> Result<Self, LedgerError> {
        let shown = place.to_string();
        let way = match place {
            LedgerPlace::File(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path)).await;
                let sqlite = opened
                    .map_err(|error| Trouble::Failed(error.to_string()))
                    .flatten()
                    .map_err(|trouble| unusable(trouble, &shown))?;
                Way::Sqlite(Arc::new(Mutex::new(sqlite)))
            }
            #[cfg(feature = "postgres")]
            LedgerPlace::Postgres(address) => {
                Way::Postgres(super::postgres::Postgres::connect(address).await?)
            }
            #[cfg(not(feature = "postgres"))]
            LedgerPlace::Postgres(_) => {
                return Err(LedgerError::Address {
                    reason: "this build speaks to no PostgreSQL server".to_owned(),
                });
            }
        };
        let store = Self { place: shown, way };
        let prepared = store.run(super::script::prepare).await;
        prepared.map_err(|trouble| unusable(trouble, &store.place))?;
        Ok(store)
    }

    /// Where it is, without a password.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Runs a script as one transaction; when this returns, what it wrote is on disk. A script may be run again.
    pub(super) async fn transact<R: Send + 'static>(
        &self,
        script: impl Fn(&mut dyn Tx) -> Result<R, Trouble> + Send + 'static,
    ) -> Result<R, LedgerError> {
        let done = self.run(script).await;
        done.map_err(|trouble| trouble.told(&self.place))
    }

    async fn run<R: Send + 'static>(
        &self,
        script: impl Fn(&mut dyn Tx) -> Result<R, Trouble> + Send + 'static,
    ) -> Result<R, Trouble> {
        match &self.way {
            Way::Sqlite(sqlite) => {
                let sqlite = Arc::clone(sqlite);
                let done = tokio::task::spawn_blocking(move || {
                    let mut sqlite = sqlite.lock().unwrap_or_else(PoisonError::into_inner);
                    sqlite.transact(&script)
                });
                done.await
                    .map_err(|error| Trouble::Failed(error.to_string()))?
            }
            #[cfg(feature = "postgres")]
            Way::Postgres(postgres) => postgres.transact(script).await,
        }
    }
}

/// What keeps a ledger from being opened, in the words for that.
fn unusable(trouble: Trouble, place: &str) -> LedgerError {
    match trouble.told(place) {
        LedgerError::Unwritable { place, reason } => LedgerError::Unusable { place, reason },
        other => other,
    }
}
