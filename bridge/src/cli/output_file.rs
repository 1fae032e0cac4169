//! The file that a transfer writes: whole or not at all, for its owner only, never over another by accident.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::Error;
use crate::error::shown;

/// More than any key transfer file takes, in bytes.
const ROOM: usize = 16 * 1024;

/// What to do when the file exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// Refuse.
    Keep,
    /// Replace it (`--force`).
    Replace,
}

/// A place where a file can be written.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    folder: PathBuf,
    existing: Existing,
}

impl OutputFile {
    /// Checks that the file may be made and that there is room for it, before anything is wrapped.
    pub(super) fn check(path: &Path, existing: Existing) -> Result<Self, Error> {
        // `dir/` has a last name and still is no file's: it would fail after the wrap.
        let names_folder = path.to_string_lossy().ends_with(std::path::is_separator);
        if path.file_name().is_none() || names_folder {
            return Err(Error::Usage(format!(
                "{} is not the name of a file",
                shown(path)
            )));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let output = Self {
            path: path.to_owned(),
            folder,
            existing,
        };
        let found = std::fs::symlink_metadata(path);
        match (&found, existing) {
            (Ok(_), Existing::Keep) => return Err(Error::OutputExists { path: shown(path) }),
            // Only a plain file is replaced, so that --force cannot empty a device or lose a link.
            (Ok(metadata), Existing::Replace) if !metadata.is_file() => {
                return Err(
                    output.unwritable(io::Error::other("--force replaces plain files alone"))
                );
            }
            _ => {}
        }
        // The probe goes at once: an interrupted prompt leaves nothing behind.
        output
            .temporary(&[0; ROOM])
            .map_err(|error| output.unwritable(error))?;
        Ok(output)
    }

    /// Writes the file in one step.
    pub(super) fn write(self, bytes: &[u8]) -> Result<(), Error> {
        let file = self
            .temporary(bytes)
            .map_err(|error| self.unwritable(error))?;
        let kept = match self.existing {
            Existing::Keep => file.persist_noclobber(&self.path),
            Existing::Replace => file.persist(&self.path),
        };
        match kept {
            Ok(_) => {}
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(Error::OutputExists {
                    path: shown(&self.path),
                });
            }
            Err(failed) => return Err(self.unwritable(failed.error)),
        }
        sync_folder(&self.folder).map_err(|error| self.unwritable(error))
    }

    /// A file of mode 0600 beside the destination, on disk, gone when dropped.
    fn temporary(&self, bytes: &[u8]) -> io::Result<NamedTempFile> {
        let mut file = Builder::new()
            .prefix(".keyferry-")
            .suffix(".part")
            .tempfile_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    }

    fn unwritable(&self, error: io::Error) -> Error {
        // The temporary file's name, which the error carries, means nothing to people.
        let source = match error.kind() {
            io::ErrorKind::Other => error,
            kind => kind.into(),
        };
        Error::OutputUnwritable {
            path: shown(&self.path),
            source,
        }
    }
}

/// The name itself is on disk only when its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn writes_the_whole_file_for_its_owner_only_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a.byok");
        OutputFile::check(&path, Existing::Keep)
            .unwrap()
            .write(b"blob")
            .unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"blob");
        assert_eq!(names(temp.path()), ["a.byok"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn never_writes_over_a_file_without_force() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a.byok");
        let early = OutputFile::check(&path, Existing::Keep).unwrap();
        std::fs::write(&path, b"mine").unwrap();
        assert_eq!(
            OutputFile::check(&path, Existing::Keep).unwrap_err().code(),
            "output-exists"
        );
        assert_eq!(early.write(b"blob").unwrap_err().code(), "output-exists");
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        OutputFile::check(&path, Existing::Replace)
            .unwrap()
            .write(b"blob")
            .unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"blob");
        assert_eq!(names(temp.path()), ["a.byok"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_before_the_wrap() {
        let temp = tempfile::tempdir().unwrap();
        let error =
            OutputFile::check(&temp.path().join("none/a.byok"), Existing::Keep).unwrap_err();
        assert_eq!(error.code(), "output-unwritable");
    }

    #[cfg(unix)]
    #[test]
    fn force_replaces_no_link_and_no_device() {
        let temp = tempfile::tempdir().unwrap();
        let link = temp.path().join("link.byok");
        std::os::unix::fs::symlink(temp.path().join("elsewhere"), &link).unwrap();
        assert_eq!(
            OutputFile::check(&link, Existing::Replace)
                .unwrap_err()
                .code(),
            "output-unwritable"
        );
        assert_eq!(
            OutputFile::check(Path::new("/dev/null"), Existing::Replace)
                .unwrap_err()
                .code(),
            "output-unwritable"
        );
    }
}
