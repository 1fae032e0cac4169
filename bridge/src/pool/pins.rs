//! The pins: which owner certificate belongs to which pool, kept in `pools.json` of the state folder.
//!
//! An attestation proves genuine hardware to anyone; only a pin tells the user's pool from another's. So a pin
//! is kept after a person compared it and said yes at a native prompt, and never for less.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use keyferry_core::{Kid, OwnerFingerprint};

use crate::Error;
use crate::disk;
use crate::error::shown;

/// Largest file that is read, in bytes: room for a thousand pools.
const MAX_BYTES: u64 = 256 * 1024;

/// The pins of a state folder.
#[derive(Debug, Clone)]
pub struct PoolPins {
    path: PathBuf,
    known: BTreeMap<String, OwnerFingerprint>,
}

impl PoolPins {
    /// Reads the pins of a state folder; an absent file holds none.
    ///
    /// # Errors
    /// [`Error::ConfigInvalid`] when the file is not what [`PoolPins::keep`] writes: a pin that cannot be read must not count as none.
    pub fn read(state: &Path) -> Result<Self, Error> {
        let path = state.join("pools.json");
        let invalid = |reason: String| Error::ConfigInvalid {
            path: shown(&path),
            reason,
        };
        let known = match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(invalid(error.to_string())),
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(invalid("it is too large".to_owned()));
            }
            Ok(_) => {
                let text =
                    std::fs::read_to_string(&path).map_err(|error| invalid(error.to_string()))?;
                let texts: BTreeMap<String, String> =
                    serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
                let parse = |(vault, pin): (String, String)| Ok((vault, pin.parse()?));
                texts
                    .into_iter()
                    .map(parse)
                    .collect::<Result<_, keyferry_core::Error>>()
                    .map_err(|error| invalid(error.to_string()))?
            }
        };
        Ok(Self { path, known })
    }

    /// The pin of the pool that holds this key.
    #[must_use]
    pub fn of(&self, kid: &Kid) -> Option<OwnerFingerprint> {
        self.known.get(&kid.vault_url()).copied()
    }

    /// Keeps a pin: the whole file anew, in one step, for its owner only.
    ///
    /// # Errors
    /// [`Error::StateUnusable`]; the old pins are then still there.
    pub fn keep(&mut self, kid: &Kid, pin: OwnerFingerprint) -> Result<(), Error> {
        let mut known = self.known.clone();
        known.insert(kid.vault_url(), pin);
        let texts: BTreeMap<&str, String> = known
            .iter()
            .map(|(vault, pin)| (vault.as_str(), pin.to_string()))
            .collect();
        let mut text =
            serde_json::to_vec_pretty(&texts).map_err(|_| Error::Internal("pins are not JSON"))?;
        text.push(b'\n');
        disk::replace(&self.path, &text).map_err(|source| Error::state(&self.path, source))?;
        self.known = known;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use keyferry_core::Admission;

    fn kid(pool: &str) -> Kid {
        let text = format!(
            "https://{pool}.managedhsm.azure.net/keys/kek/0123456789abcdef0123456789abcdef"
        );
        Kid::parse(&text, &Admission::default()).unwrap()
    }

    fn pin(digit: char) -> OwnerFingerprint {
        digit.to_string().repeat(64).parse().unwrap()
    }

    #[test]
    fn a_pin_is_kept_for_its_pool_alone_and_can_be_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let mut pins = PoolPins::read(temp.path()).unwrap();
        assert_eq!(pins.of(&kid("mine")), None);
        pins.keep(&kid("mine"), pin('a')).unwrap();
        pins.keep(&kid("other"), pin('b')).unwrap();
        pins.keep(&kid("mine"), pin('c')).unwrap();
        let read = PoolPins::read(temp.path()).unwrap();
        assert_eq!(read.of(&kid("MINE")), Some(pin('c')));
        assert_eq!(read.of(&kid("other")), Some(pin('b')));
        assert_eq!(read.of(&kid("third")), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let mut pins = PoolPins::read(temp.path()).unwrap();
        pins.keep(&kid("mine"), pin('a')).unwrap();
        let mode = std::fs::metadata(temp.path().join("pools.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_not_no_pins() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("pools.json");
        for damage in [
            "",
            "{",
            "[]",
            r#"{"https://x":"abc"}"#,
            r#"{"https://x":7}"#,
        ] {
            std::fs::write(&path, damage).unwrap();
            let error = PoolPins::read(temp.path()).unwrap_err();
            assert_eq!(error.code(), "config-invalid", "{damage}");
        }
    }
}
