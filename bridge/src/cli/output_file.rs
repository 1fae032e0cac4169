//! The file that a transfer writes: whole or not at all, for its owner only, never over another by accident.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use std::fs::File;

use tempfile::{Builder, NamedTempFile, TempPath};

use crate::Error;
use crate::disk;
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
        match file.keep(&self) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(Error::OutputExists {
                    path: shown(&self.path),
                });
            }
            Err(error) => return Err(self.unwritable(error)),
        }
        disk::sync_folder(&self.folder).map_err(|error| self.unwritable(error))
    }

    /// A file of mode 0600 in the destination's folder, on disk, gone when dropped.
    fn temporary(&self, bytes: &[u8]) -> io::Result<Temporary> {
        #[cfg(target_os = "linux")]
        if let Some(mut file) = nameless(&self.folder)? {
            file.write_all(bytes)?;
            file.sync_all()?;
            return Ok(Temporary::Nameless(file));
        }
        let mut file = part().tempfile_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(Temporary::Named(file))
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

/// A file that is not yet the destination.
enum Temporary {
    /// Without a name: whatever ends the process, nothing of it is left.
    #[cfg(target_os = "linux")]
    Nameless(File),
    /// Where the system or the file system has no such files.
    Named(NamedTempFile),
}

impl Temporary {
    fn keep(self, output: &OutputFile) -> io::Result<()> {
        let named = match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => match link(&file, &output.path) {
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists
                        && output.existing == Existing::Replace =>
                {
                    // A link replaces nothing, so the whole file gets a name that is renamed at once.
                    part()
                        .make_in(&output.folder, |path| link(&file, path))?
                        .into_temp_path()
                }
                linked => return linked,
            },
            Self::Named(file) => file.into_temp_path(),
        };
        persist(named, output)
    }
}

fn persist(file: TempPath, output: &OutputFile) -> io::Result<()> {
    match output.existing {
        Existing::Keep => file.persist_noclobber(&output.path),
        Existing::Replace => file.persist(&output.path),
    }
    .map_err(|failed| failed.error)
}

fn part() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".keyferry-").suffix(".part");
    builder
}

/// A file in `folder` without a name; none where there cannot be one.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{CWD, Mode, OFlags};
    use rustix::io::Errno;
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    match rustix::fs::openat(CWD, folder, flags, Mode::RUSR | Mode::WUSR) {
        // Without `/proc` it could never be given a name.
        Ok(file) if Path::new("/proc/self/fd").exists() => Ok(Some(file.into())),
        Ok(_) | Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives a nameless file its name, which must be free.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD};
    use std::os::fd::AsRawFd;
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(
        CWD,
        own,
        CWD,
        path,
        AtFlags::SYMLINK_FOLLOW,
    )?)
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

    /// On file systems that have such files, which those of this machine are.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_has_no_name_before_it_is_whole() {
        let temp = tempfile::tempdir().unwrap();
        let output = OutputFile::check(&temp.path().join("a.byok"), Existing::Keep).unwrap();
        let file = output.temporary(b"blob").unwrap();
        assert_eq!(names(temp.path()), Vec::<String>::new());
        file.keep(&output).unwrap();
        assert_eq!(names(temp.path()), ["a.byok"]);
        assert_eq!(std::fs::read(temp.path().join("a.byok")).unwrap(), b"blob");
    }

    #[test]
    fn where_there_are_only_named_files_they_do_the_same() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a.byok");
        for (existing, text) in [(Existing::Keep, "one"), (Existing::Replace, "two")] {
            let output = OutputFile::check(&path, existing).unwrap();
            let mut file = part().tempfile_in(temp.path()).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            Temporary::Named(file).keep(&output).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            assert_eq!(names(temp.path()), ["a.byok"]);
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
