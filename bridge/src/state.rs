//! The state folder: embedded token, record, settings, practice. Made readable by its owner only.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::disk;

/// The state folder, existing and mode 0700.
#[derive(Debug, Clone)]
pub struct StateFolder(PathBuf);

impl StateFolder {
    /// Uses `given`, or the platform's data folder for this program; makes it when absent.
    ///
    /// # Errors
    /// [`Error::StateUnknown`] without a home, [`Error::StateUnusable`] when it cannot be made or entered.
    pub fn open(given: Option<&Path>) -> Result<Self, Error> {
        let path = Self::place(given).ok_or(Error::StateUnknown)?;
        let path = std::path::absolute(&path).map_err(|source| Error::state(&path, source))?;
        make_private(&path)?;
        Ok(Self(path))
    }

    /// Where the folder is or would be; none without a home.
    #[must_use]
    pub fn place(given: Option<&Path>) -> Option<PathBuf> {
        match given {
            Some(path) => Some(path.to_owned()),
            None => directories::ProjectDirs::from("", "", "keyferry")
                .map(|dirs| dirs.data_local_dir().to_path_buf()),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The settings file; may be absent.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// A folder below, made when absent.
    ///
    /// # Errors
    /// [`Error::StateUnusable`].
    pub fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.0.join(name);
        make_private(&path)?;
        Ok(path)
    }
}

/// Makes a folder that only its owner may enter. An existing one is left as it is.
fn make_private(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    disk::private_folder(path).map_err(|source| Error::state(path, source))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::fs;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_new_state_folder_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let state = StateFolder::open(Some(&temp.path().join("a/b"))).unwrap();
        assert_eq!(
            fs::metadata(state.path()).unwrap().permissions().mode() & 0o777,
            0o700
        );
        let audit = state.folder("audit").unwrap();
        assert_eq!(
            fs::metadata(audit).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn a_file_in_the_way_is_told_apart() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("file");
        fs::write(&file, b"").unwrap();
        assert_eq!(
            StateFolder::open(Some(&file)).unwrap_err().code(),
            "state-unusable"
        );
    }
}
