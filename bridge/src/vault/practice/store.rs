//! The practice vault's keys: in memory, for one run.

use super::cause::Cause;
use super::opened::{Opened, PublicHalf};
use super::refusal::Refusal;
use super::request::{KeyName, Settings};
use crate::digest::hex;
use getrandom::SysRng;
use getrandom::rand_core::TryRng;
use keyferry_core::{KekBits, PracticeAuthority};
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
    /// Public half, or AES's known answer.
    pub(super) public: PublicHalf,
    /// Of keys made here alone; zeroized when the vault ends.
    pub(super) private: Option<PrivateKey>,
    /// Operations, attributes, tags.
    pub(super) settings: Settings,
    /// When it was made or imported.
    pub(super) created: OffsetDateTime,
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
}

/// All keys, newest version last, by lower-case name: Key Vault's names ignore case.
pub(super) struct Store {
    authority: PracticeAuthority,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    keys: BTreeMap<String, Vec<Arc<StoredKey>>>,
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
        let bits = usize::try_from(bits.bits()).map_err(internal)?;
        let private = PrivateKey::new(&mut SysRng, bits).map_err(internal)?;
        let public = PublicHalf::Rsa {
            modulus: private.n().to_be_bytes_trimmed_vartime().into(),
            exponent: private.e().to_be_bytes_trimmed_vartime().into(),
        };
        self.insert(name, public, Some(private), settings)
    }

    /// Keeps what an import opened.
    pub(super) fn insert(
        &self,
        name: &KeyName,
        public: PublicHalf,
        private: Option<PrivateKey>,
        settings: Settings,
    ) -> Result<Arc<StoredKey>, Refusal> {
        let mut random = [0; 16];
        SysRng.try_fill_bytes(&mut random).map_err(internal)?;
        let version = hex(&random);
        let kid = format!("{}/keys/{}/{version}", self.base_url(), name.as_str());
        let key = Arc::new(StoredKey {
            kid,
            public,
            private,
            settings,
            created: OffsetDateTime::now_utc(),
        });
        let mut inner = self.lock();
        if inner.count >= MAX_VERSIONS {
            return Err(Refusal::new(
                Cause::Full,
                format!("The practice vault holds {MAX_VERSIONS} key versions already."),
            ));
        }
        inner.count += 1;
        inner
            .keys
            .entry(name.index())
            .or_default()
            .push(Arc::clone(&key));
        Ok(key)
    }

    /// A version, or the newest.
    pub(super) fn get(
        &self,
        name: &KeyName,
        version: Option<&str>,
    ) -> Result<Arc<StoredKey>, Refusal> {
        let inner = self.lock();
        let versions = inner
            .keys
            .get(&name.index())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let found = match version {
            None => versions.last(),
            Some(version) => versions.iter().find(|key| {
                key.kid
                    .rsplit('/')
                    .next()
                    .is_some_and(|known| known.eq_ignore_ascii_case(version))
            }),
        };
        found.cloned().ok_or_else(|| {
            let kid = version.map_or_else(
                || name.as_str().to_owned(),
                |version| format!("{}/{version}", name.as_str()),
            );
            Refusal::new(
                Cause::KeyNotFound,
                format!("A key with (name/id) {kid} was not found in this key vault."),
            )
        })
    }

    pub(super) fn report(&self, opened: Opened) {
        self.lock().opened.push(opened);
    }

    pub(super) fn opened(&self) -> Vec<Opened> {
        self.lock().opened.clone()
    }

    /// No code that holds the lock can leave the keys half changed, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What only the system can be blamed for.
pub(super) fn internal(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        Cause::Internal,
        format!("The practice vault failed: {error}."),
    )
}
