//! A file's content before it has its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Content that is written and has another name than the file's, or none.
#[derive(Debug)]
pub(super) enum Part {
    /// Without a name: gone with its process. One entry of the folder is written in place of two and a removal.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    /// Beside the file, under a name of its own. Open where each file is flushed by itself.
    Named(
        PathBuf,
        #[cfg_attr(
            target_os = "linux",
            expect(dead_code, reason = "the whole file system is flushed at once")
        )]
        Option<File>,
    ),
}

impl Part {
    /// Writes the content of the file `whole`, for its owner alone; without a name where `unnamed` wants that and the
    /// file system can.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_variables, reason = "every part has a name there")
    )]
    pub(super) fn write(whole: &Path, bytes: &[u8], unnamed: bool) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if unnamed && let Some(mut file) = linux::unnamed_in(whole) {
            file.write_all(bytes)?;
            return Ok(Self::Unnamed(file));
        }
        let part = beside(whole);
        let mut file = open_named(&part)?;
        if let Err(error) = file.write_all(bytes) {
            remove(&part);
            return Err(error);
        }
        Ok(Self::Named(part, (!SYNCS_AT_ONCE).then_some(file)))
    }

    /// Gives it the file's name, in place of what has it.
    pub(super) fn name(&self, whole: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => linux::name(file, whole),
            Self::Named(part, _) => fs::rename(part, whole),
        }
    }

    /// Takes it away again, unless it has the file's name by now.
    pub(super) fn discard(self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(_) => {}
            Self::Named(part, _) => remove(&part),
        }
    }
}

/// A file for its owner alone, in place of one of this name; a link is not followed.
fn open_named(part: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(part)
}

/// Best effort: a part is no file of the batch, and the next try writes over it.
fn remove(part: &Path) {
    let _ = fs::remove_file(part);
}

fn beside(whole: &Path) -> PathBuf {
    let last = whole.file_name().unwrap_or_default().to_string_lossy();
    whole.with_file_name(format!(".{last}.part"))
}

/// Linux flushes a whole file system in one call; elsewhere each file is flushed by itself.
#[cfg(target_os = "linux")]
const SYNCS_AT_ONCE: bool = true;
#[cfg(not(target_os = "linux"))]
const SYNCS_AT_ONCE: bool = false;

/// Puts contents on disk. It is made before they are written: a kernel tells of the errors since then.
#[cfg(target_os = "linux")]
pub(super) struct Flush(File);
#[cfg(not(target_os = "linux"))]
pub(super) struct Flush;

#[cfg(target_os = "linux")]
impl Flush {
    pub(super) fn begin(folder: &Path) -> io::Result<Self> {
        File::open(folder).map(Self)
    }

    /// All of them at once. Kernels before 5.8 tell of no error here; a flush of each file would, and costs as much as all.
    pub(super) fn contents(&self, _parts: &[Part]) -> io::Result<()> {
        rustix::fs::syncfs(&self.0).map_err(io::Error::from)
    }
}

#[cfg(not(target_os = "linux"))]
#[allow(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "the same face as on Linux"
)]
impl Flush {
    pub(super) fn begin(_folder: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn contents(&self, parts: &[Part]) -> io::Result<()> {
        parts.iter().try_for_each(|part| match part {
            Part::Named(_, Some(file)) => file.sync_all(),
            Part::Named(_, None) => Ok(()),
        })
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
    use rustix::io::Errno;

    /// A file without a name in the folder of `whole`; none where the file system, or this process, has none to give.
    pub(super) fn unnamed_in(whole: &Path) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let made = open(whole.parent()?, flags, Mode::RUSR | Mode::WUSR);
        made.ok().map(File::from)
    }

    /// Gives the file this name. A link takes no name that is there: then it goes the way of a named part.
    pub(super) fn name(file: &File, whole: &Path) -> io::Result<()> {
        match link(file, whole) {
            Err(Errno::EXIST) => {}
            other => return other.map_err(io::Error::from),
        }
        let part = super::beside(whole);
        super::remove(&part);
        link(file, &part)?;
        fs::rename(&part, whole)
    }

    /// By its descriptor, which kernels before 6.10 allow only with a capability; else by the descriptor's name.
    fn link(file: &File, to: &Path) -> Result<(), Errno> {
        match linkat(file, "", CWD, to, AtFlags::EMPTY_PATH) {
            Err(Errno::NOENT | Errno::PERM) => {
                let name = format!("/proc/self/fd/{}", file.as_raw_fd());
                linkat(CWD, name, CWD, to, AtFlags::SYMLINK_FOLLOW)
            }
            linked => linked,
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_link_is_followed() {
        let temp = tempfile::tempdir().unwrap();
        let elsewhere = temp.path().join("elsewhere");
        fs::write(&elsewhere, b"mine").unwrap();
        let whole = temp.path().join("a.byok");
        std::os::unix::fs::symlink(&elsewhere, beside(&whole)).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &whole).unwrap();
        assert!(Part::write(&whole, b"key", false).is_err());
        let part = Part::write(&whole, b"key", true);
        if cfg!(target_os = "linux") {
            part.unwrap().name(&whole).unwrap();
            assert!(!whole.is_symlink());
            assert_eq!(fs::read(&whole).unwrap(), b"key");
        }
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
    }

    #[test]
    fn a_part_with_a_name_and_one_without_end_alike() {
        use std::os::unix::fs::PermissionsExt;
        for unnamed in [true, false] {
            let temp = tempfile::tempdir().unwrap();
            let whole = temp.path().join("a.byok");
            fs::write(&whole, b"a longer one before").unwrap();
            let part = Part::write(&whole, b"discarded", unnamed).unwrap();
            part.discard();
            assert_eq!(fs::read(&whole).unwrap(), b"a longer one before");
            let flush = Flush::begin(temp.path()).unwrap();
            let part = Part::write(&whole, b"key", unnamed).unwrap();
            flush.contents(std::slice::from_ref(&part)).unwrap();
            part.name(&whole).unwrap();
            assert_eq!(fs::read(&whole).unwrap(), b"key");
            let mode = fs::metadata(&whole).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            drop(part);
            assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
        }
    }
}
