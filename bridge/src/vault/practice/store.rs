//! The practice vault's keys: in memory, for one run.

use super::call::Version;
use super::cause::Cause;
use super::opened::{Opened, PublicHalf};
use super::refusal::Refusal;
use super::request::{KeyName, Settings};
use super::secret::Secret;
use getrandom::SysRng;
use getrandom::rand_core::TryRng;
use keyferry_core::{KekBits, KeyOperation, PracticeAuthority, TargetKind, to_hex};
use rsa::PrivateKey;
use rsa::traits::PublicKeyParts;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;

/// Far more versions than any rehearsal makes; a bound, so that memory has one.
const MAX_VERSIONS: usize = 20_000;

/// One version of a key.
pub(super) struct StoredKey {
    /// Its identifier, with version.
    pub(super) kid: String,
    /// What kind it is.
    pub(super) kind: TargetKind,
    /// Public half, or AES's known answer.
    pub(super) public: PublicHalf,
    /// Zeroized when the last version that shares it is gone.
    pub(super) secret: Arc<Secret>,
    /// Operations, attributes, tags.
    pub(super) settings: Settings,
    /// When it was made or imported.
    pub(super) created: OffsetDateTime,
    /// When its settings were last changed.
    pub(super) updated: OffsetDateTime,
}

impl StoredKey {
    /// `kty` as Key Vault gives it.
    pub(super) fn kty(&self) -> &'static str {
        match self.public {
            PublicHalf::Rsa { .. } => "RSA-HSM",
            PublicHalf::Ec { .. } => "EC-HSM",
            PublicHalf::Aes { .. } => "oct-HSM",
        }
    }

    fn version(&self) -> &str {
        self.kid.rsplit('/').next().unwrap_or_default()
    }
}

/// What a new version is made of.
pub(super) struct NewKey {
    pub(super) kind: TargetKind,
    pub(super) public: PublicHalf,
    pub(super) secret: Secret,
    pub(super) settings: Settings,
}

/// A deleted key: all its versions, and when it was deleted.
pub(super) struct DeletedKey {
    pub(super) newest: Arc<StoredKey>,
    pub(super) at: OffsetDateTime,
}

/// All versions of a name, newest last.
#[derive(Default)]
struct Versions {
    keys: Vec<Arc<StoredKey>>,
    deleted: Option<OffsetDateTime>,
}

/// All keys by lower-case name: Key Vault's names ignore case.
pub(super) struct Store {
    authority: PracticeAuthority,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    names: BTreeMap<String, Versions>,
    count: usize,
    opened: Vec<Opened>,
}

impl Store {
    pub(super) fn new(authority: PracticeAuthority) -> Self {
        Self {
            authority,
            inner: Mutex::default(),
        }
    }

    pub(super) fn authority(&self) -> &PracticeAuthority {
        &self.authority
    }

    /// `https://127.0.0.1:PORT`.
    pub(super) fn base_url(&self) -> String {
        format!("https://{}", self.authority.authority())
    }

    /// Makes an RSA key. Takes seconds at 4096 bits: not for an async thread.
    pub(super) fn create_rsa(
        &self,
        name: &KeyName,
        bits: KekBits,
        settings: Settings,
    ) -> Result<Arc<StoredKey>, Refusal> {
        self.refuse_deleted(name)?;
        let kind = match bits {
            KekBits::B2048 => TargetKind::Rsa2048,
            KekBits::B3072 => TargetKind::Rsa3072,
            KekBits::B4096 => TargetKind::Rsa4096,
        };
        let bits = usize::try_from(bits.bits()).map_err(internal)?;
        let private = PrivateKey::new(&mut SysRng, bits).map_err(internal)?;
        let public = PublicHalf::Rsa {
            modulus: private.n().to_be_bytes_trimmed_vartime().into(),
            exponent: private.e().to_be_bytes_trimmed_vartime().into(),
        };
        let key = NewKey {
            kind,
            public,
            secret: Secret::Rsa(Box::new(private)),
            settings,
        };
        self.insert(name, key)
    }

    /// Keeps a new version.
    pub(super) fn insert(&self, name: &KeyName, key: NewKey) -> Result<Arc<StoredKey>, Refusal> {
        let mut random = [0; 16];
        SysRng.try_fill_bytes(&mut random).map_err(internal)?;
        let kid = format!(
            "{}/keys/{}/{}",
            self.base_url(),
            name.as_str(),
            to_hex(&random)
        );
        let now = OffsetDateTime::now_utc();
        let key = Arc::new(StoredKey {
            kid,
            kind: key.kind,
            public: key.public,
            secret: Arc::new(key.secret),
            settings: key.settings,
            created: now,
            updated: now,
        });
        self.refuse_deleted(name)?;
        let mut inner = self.lock();
        if inner.count >= MAX_VERSIONS {
            return Err(Refusal::new(
                Cause::Full,
                format!("The practice vault holds {MAX_VERSIONS} key versions already."),
            ));
        }
        inner.count += 1;
        let versions = inner.names.entry(name.index()).or_default();
        versions.keys.push(Arc::clone(&key));
        Ok(key)
    }

    /// A version, or the newest.
    pub(super) fn get(&self, name: &KeyName, version: &Version) -> Result<Arc<StoredKey>, Refusal> {
        let keys = self.versions(name)?;
        let found = match version {
            None => keys.last(),
            Some(version) => keys
                .iter()
                .find(|key| key.version().eq_ignore_ascii_case(version)),
        };
        found.cloned().ok_or_else(|| not_found(name, version))
    }

    /// All versions of a name, oldest first.
    pub(super) fn versions(&self, name: &KeyName) -> Result<Vec<Arc<StoredKey>>, Refusal> {
        match self.lock().names.get(&name.index()) {
            Some(versions) if versions.deleted.is_none() => Ok(versions.keys.clone()),
            _ => Err(not_found(name, &None)),
        }
    }

    /// The newest version of every name.
    pub(super) fn list(&self) -> Vec<Arc<StoredKey>> {
        let inner = self.lock();
        let present = inner.names.values().filter(|key| key.deleted.is_none());
        present.filter_map(|key| key.keys.last().cloned()).collect()
    }

    /// Changes a version's settings; the key itself stays.
    pub(super) fn update(
        &self,
        name: &KeyName,
        version: &Version,
        change: impl FnOnce(&Settings, &[KeyOperation]) -> Result<Settings, Refusal>,
    ) -> Result<Arc<StoredKey>, Refusal> {
        let old = self.get(name, version)?;
        let new = Arc::new(StoredKey {
            kid: old.kid.clone(),
            kind: old.kind,
            public: old.public.clone(),
            secret: Arc::clone(&old.secret),
            settings: change(&old.settings, KeyOperation::of(old.kind))?,
            created: old.created,
            updated: OffsetDateTime::now_utc(),
        });
        let mut inner = self.lock();
        let versions = inner.names.get_mut(&name.index());
        let place = versions.and_then(|versions| {
            let mut keys = versions.keys.iter_mut();
            keys.find(|key| key.kid == old.kid)
        });
        // Gone in the meantime is as not found.
        *place.ok_or_else(|| not_found(name, version))? = Arc::clone(&new);
        Ok(new)
    }

    /// Deletes a key with all its versions; its name stays taken until it is purged.
    pub(super) fn delete(&self, name: &KeyName) -> Result<DeletedKey, Refusal> {
        let newest = self.get(name, &None)?;
        let at = OffsetDateTime::now_utc();
        if let Some(versions) = self.lock().names.get_mut(&name.index()) {
            versions.deleted = Some(at);
        }
        Ok(DeletedKey { newest, at })
    }

    /// A deleted key.
    pub(super) fn deleted(&self, name: &KeyName) -> Result<DeletedKey, Refusal> {
        let inner = self.lock();
        let found = inner.names.get(&name.index()).and_then(as_deleted);
        found.ok_or_else(|| not_deleted(name))
    }

    /// Every deleted key.
    pub(super) fn list_deleted(&self) -> Vec<DeletedKey> {
        self.lock().names.values().filter_map(as_deleted).collect()
    }

    /// Takes a deletion back.
    pub(super) fn recover(&self, name: &KeyName) -> Result<Arc<StoredKey>, Refusal> {
        let deleted = self.deleted(name)?;
        if let Some(versions) = self.lock().names.get_mut(&name.index()) {
            versions.deleted = None;
        }
        Ok(deleted.newest)
    }

    /// Forgets a deleted key.
    pub(super) fn purge(&self, name: &KeyName) -> Result<(), Refusal> {
        self.deleted(name)?;
        let mut inner = self.lock();
        if let Some(versions) = inner.names.remove(&name.index()) {
            inner.count = inner.count.saturating_sub(versions.keys.len());
        }
        Ok(())
    }

    pub(super) fn report(&self, opened: Opened) {
        self.lock().opened.push(opened);
    }

    pub(super) fn opened(&self) -> Vec<Opened> {
        self.lock().opened.clone()
    }

    /// A deleted key's name cannot be used again.
    fn refuse_deleted(&self, name: &KeyName) -> Result<(), Refusal> {
        if self.deleted(name).is_err() {
            return Ok(());
        }
        Err(Refusal::new(
            Cause::SoftDeleted,
            format!(
                "Key {} is currently in a deleted but recoverable state, and its name cannot be reused; in this \
                 state, the key can only be recovered or purged.",
                name.as_str()
            ),
        ))
    }

    /// No code that holds the lock can leave the keys half changed, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn as_deleted(versions: &Versions) -> Option<DeletedKey> {
    Some(DeletedKey {
        at: versions.deleted?,
        newest: versions.keys.last().cloned()?,
    })
}

fn not_found(name: &KeyName, version: &Version) -> Refusal {
    let kid = match version {
        None => name.as_str().to_owned(),
        Some(version) => format!("{}/{version}", name.as_str()),
    };
    Refusal::new(
        Cause::KeyNotFound,
        format!("A key with (name/id) {kid} was not found in this key vault."),
    )
}

fn not_deleted(name: &KeyName) -> Refusal {
    Refusal::new(
        Cause::NotDeleted,
        format!("Deleted Key not found: {}", name.as_str()),
    )
}

/// What only the system can be blamed for.
pub(super) fn internal(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        Cause::Internal,
        format!("The practice vault failed: {error}."),
    )
}
