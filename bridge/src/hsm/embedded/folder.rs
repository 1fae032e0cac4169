//! The embedded token's files.
//!
//! `STATE/token/` exists only when it is complete: it is made as `STATE/token.making/` and renamed.
//! What a killed first run leaves behind is thus never mistaken for a token.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::write_lock::WriteLock;
use crate::disk;
use crate::hsm::error::HsmError;

const DATABASE: &str = "token.sql";
const CONFIGURATION: &str = "kryoptic.conf";
const PIN: &str = "pin";

/// The state folder, by an absolute path: the token's configuration names its database by it.
pub(super) struct StateFolder(PathBuf);

impl StateFolder {
    /// Makes the folder when absent, for its owner alone.
    pub(super) fn open(path: &Path) -> Result<Self, HsmError> {
        make_folder(path)?;
        Ok(Self(
            path.canonicalize()
                .map_err(|error| folder_error(path, &error))?,
        ))
    }

    /// Takes the write lock of the token in this folder.
    pub(super) fn lock(&self) -> Result<WriteLock, HsmError> {
        WriteLock::take(&self.0.join("token.lock"))
    }

    /// The complete token, if there is one. A folder without a database holds no keys: it is removed.
    pub(super) fn token(&self) -> Result<Option<TokenFolder>, HsmError> {
        let folder = TokenFolder(self.0.join("token"));
        if folder.database().exists() {
            return Ok(Some(folder));
        }
        folder.remove()?;
        Ok(None)
    }

    /// A fresh folder to make a token in; what an earlier attempt left is removed.
    pub(super) fn making(&self) -> Result<TokenFolder, HsmError> {
        let folder = TokenFolder(self.0.join("token.making"));
        folder.remove()?;
        make_folder(&folder.0)?;
        Ok(folder)
    }

    /// Puts a finished token in its place, in one step.
    pub(super) fn finish(&self, made: &TokenFolder) -> Result<TokenFolder, HsmError> {
        let folder = TokenFolder(self.0.join("token"));
        fs::rename(&made.0, &folder.0).map_err(|error| folder_error(&folder.0, &error))?;
        sync_folder(&self.0);
        Ok(folder)
    }
}

/// A folder with a token's database, configuration and PIN.
pub(super) struct TokenFolder(PathBuf);

impl TokenFolder {
    /// Writes the token's configuration and returns what `C_Initialize` takes for it.
    pub(super) fn configure(&self) -> Result<String, HsmError> {
        let configuration = self.0.join(CONFIGURATION);
        let database = self.database();
        let database = database.to_str().ok_or_else(|| not_text(&self.0))?;
        // A JSON string is a TOML basic string.
        let database = serde_json::Value::from(database);
        let text = format!(
            "[[slots]]\nslot = 1\ndescription = \"Keyferry embedded token\"\ndbtype = \"sqlite\"\ndbargs = {database}\n"
        );
        if fs::read_to_string(&configuration).ok().as_deref() != Some(text.as_str()) {
            self.write(CONFIGURATION, text.as_bytes())?;
        }
        let path = configuration.to_str().ok_or_else(|| not_text(&self.0))?;
        Ok(format!("kryoptic_conf={path}"))
    }

    /// Writes the PIN file, 0600, and has it on disk before it returns.
    pub(super) fn write_pin(&self, pin: &[u8]) -> Result<(), HsmError> {
        self.write(PIN, pin)
    }

    /// The PIN file's bytes, without a line end that an editor may have added.
    pub(super) fn read_pin(&self) -> Result<Vec<u8>, HsmError> {
        let path = self.0.join(PIN);
        let mut pin = fs::read(&path).map_err(|error| folder_error(&path, &error))?;
        while pin.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            pin.pop();
        }
        Ok(pin)
    }

    pub(super) fn database(&self) -> PathBuf {
        self.0.join(DATABASE)
    }

    fn remove(&self) -> Result<(), HsmError> {
        match fs::remove_dir_all(&self.0) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(folder_error(&self.0, &error)),
        }
    }

    /// Atomically: temporary file (0600 from the start), fsync, rename.
    fn write(&self, name: &str, content: &[u8]) -> Result<(), HsmError> {
        let attempt = || -> io::Result<()> {
            let mut file = NamedTempFile::new_in(&self.0)?;
            file.write_all(content)?;
            file.as_file().sync_all()?;
            file.persist(self.0.join(name))?;
            Ok(())
        };
        attempt().map_err(|error| folder_error(&self.0, &error))?;
        sync_folder(&self.0);
        Ok(())
    }
}

/// A folder that cannot be used, with the system's reason.
pub(super) fn folder_error(path: &Path, error: &io::Error) -> HsmError {
    HsmError::TokenFolder {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

fn not_text(path: &Path) -> HsmError {
    HsmError::TokenFolder {
        path: path.to_owned(),
        why: "its path is not UTF-8".into(),
    }
}

fn make_folder(path: &Path) -> Result<(), HsmError> {
    disk::private_folder(path).map_err(|error| folder_error(path, &error))
}

/// Has a rename on disk. Some file systems cannot; then the next start recovers.
fn sync_folder(path: &Path) {
    let _unsupported = disk::sync_folder(path);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_without_a_database_is_no_token_and_is_cleared_away() {
        let state = tempfile::tempdir().unwrap();
        fs::create_dir_all(state.path().join("token")).unwrap();
        fs::write(state.path().join("token/pin"), "half").unwrap();
        let folder = StateFolder::open(state.path()).unwrap();
        assert!(folder.token().unwrap().is_none());
        assert!(!state.path().join("token").exists());
    }

    #[test]
    fn what_an_earlier_attempt_left_is_removed() {
        let state = tempfile::tempdir().unwrap();
        fs::create_dir_all(state.path().join("token.making")).unwrap();
        fs::write(state.path().join("token.making/token.sql"), "half").unwrap();
        let folder = StateFolder::open(state.path()).unwrap();
        let making = folder.making().unwrap();
        assert!(!making.database().exists());
    }

    #[test]
    fn a_finished_token_takes_its_place_in_one_step() {
        let state = tempfile::tempdir().unwrap();
        let folder = StateFolder::open(state.path()).unwrap();
        let making = folder.making().unwrap();
        making.write_pin(b"1234").unwrap();
        fs::write(making.database(), "keys").unwrap();
        folder.finish(&making).unwrap();
        let token = folder.token().unwrap().unwrap();
        assert_eq!(token.read_pin().unwrap(), b"1234");
        assert!(!state.path().join("token.making").exists());
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_pin_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let folder = StateFolder::open(&parent.path().join("state")).unwrap();
        let making = folder.making().unwrap();
        making.write_pin(b"1234").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.0), 0o700);
        assert_eq!(mode(&making.0), 0o700);
        assert_eq!(mode(&making.0.join(PIN)), 0o600);
    }

    #[test]
    fn a_path_with_quotes_and_backslashes_is_one_toml_string() {
        let parent = tempfile::tempdir().unwrap();
        let state = parent.path().join(r#"a "b"\c"#);
        let making = StateFolder::open(&state).unwrap().making().unwrap();
        making.configure().unwrap();
        let text = fs::read_to_string(making.0.join(CONFIGURATION)).unwrap();
        assert!(
            text.contains(r#"/a \"b\"\\c/token.making/token.sql""#),
            "{text}"
        );
    }
}
