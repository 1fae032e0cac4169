//! The way to the vaults: which there are, and who hears of waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyferry_core::{Admission, VaultAccess, VaultAddress, VaultImportEvent, visible};

use crate::Error;
use crate::config::VaultReach;
use crate::vault::{Outward, Patience, VaultClient, VaultError, Wait};

/// How long an import waits for a role that was given a moment ago. Roles may take minutes; a person who sees the
/// wait on the page can try again after it.
const ROLE: Duration = Duration::from_secs(60);

/// Who hears of an import's waits.
type Listener = Arc<dyn Fn(VaultImportEvent) + Send + Sync>;

/// The way to the vaults.
pub(super) enum Way {
    /// None: this run is offline.
    Nowhere,
    /// To the practice vault of this run alone.
    Practice(Roads),
    /// To Azure's vaults, and a practice vault that is known.
    Everywhere(Roads),
}

/// One road for what answers at once, one for an import, which can tell of its waits.
pub(super) struct Roads {
    at_once: Outward,
    telling: Outward,
    listener: Arc<Mutex<Option<Listener>>>,
}

impl Way {
    pub(super) fn new(reach: VaultReach, admission: &Admission) -> Self {
        match reach {
            VaultReach::Nowhere => Self::Nowhere,
            VaultReach::Practice(trust) => Self::Practice(Roads::new(|patience| {
                Outward::to_practice(trust.clone(), patience)
            })),
            VaultReach::Everywhere {
                credential,
                tenant,
                practice,
            } => Self::Everywhere(Roads::new(|patience| {
                Outward::new(
                    credential,
                    tenant.clone(),
                    admission.clone(),
                    practice.clone(),
                    patience,
                )
            })),
        }
    }

    pub(super) fn access(&self) -> VaultAccess {
        match self {
            Self::Nowhere => VaultAccess::Offline,
            Self::Practice(_) | Self::Everywhere(_) => VaultAccess::Online,
        }
    }

    /// A client for a call that is answered at once.
    pub(super) fn client(&self, vault: &VaultAddress) -> Result<VaultClient, Error> {
        Ok(self.roads(vault)?.at_once.connect(vault)?)
    }

    /// A client for an import; `listener` hears of its waits until the returned guard is dropped.
    pub(super) fn import_client(
        &self,
        vault: &VaultAddress,
        listener: Listener,
    ) -> Result<(VaultClient, Listening), Error> {
        let roads = self.roads(vault)?;
        let client = roads.telling.connect(vault)?;
        *slot(&roads.listener) = Some(listener);
        Ok((client, Listening(Arc::clone(&roads.listener))))
    }

    fn roads(&self, vault: &VaultAddress) -> Result<&Roads, Error> {
        match self {
            Self::Nowhere => Err(VaultError::Offline.into()),
            Self::Practice(_) if !vault.is_practice() => Err(Error::PracticeAlone {
                vault: visible(&vault.url()),
            }),
            Self::Practice(roads) | Self::Everywhere(roads) => Ok(roads),
        }
    }
}

impl Roads {
    fn new(outward: impl Fn(Patience) -> Outward) -> Self {
        let listener = Arc::new(Mutex::new(None));
        let heard = Arc::clone(&listener);
        let log = |wait: &Wait| tracing::info!("waiting: {wait}");
        Self {
            at_once: outward(Patience::new(Duration::ZERO, move |wait| log(&wait))),
            telling: outward(Patience::new(ROLE, move |wait| {
                log(&wait);
                let listener = slot(&heard).clone();
                if let Some(listener) = listener {
                    listener(VaultImportEvent::Waiting {
                        message: wait.to_string(),
                        seconds: wait.time.as_secs().try_into().unwrap_or(u32::MAX),
                    });
                }
            })),
            listener,
        }
    }
}

/// While it lives, waits are heard.
pub(super) struct Listening(Arc<Mutex<Option<Listener>>>);

impl Drop for Listening {
    fn drop(&mut self) {
        *slot(&self.0) = None;
    }
}

fn slot(listener: &Mutex<Option<Listener>>) -> std::sync::MutexGuard<'_, Option<Listener>> {
    listener.lock().unwrap_or_else(PoisonError::into_inner)
}
