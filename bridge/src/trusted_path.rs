//! Files that nobody but an allowed owner can have changed.

use std::path::Path;

/// Who may own the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The system's owner alone.
    Root,
    /// The system's owner or this account.
    RootOrSelf,
}

/// True when the file and its folder, links followed, belong to an allowed owner and nobody else may write.
#[cfg(unix)]
pub(crate) fn is_trusted(path: &Path, owner: Owner) -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::getuid().as_raw();
    let sound = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|metadata| {
            let owned =
                metadata.uid() == 0 || (owner == Owner::RootOrSelf && metadata.uid() == own);
            owned
                && (metadata.mode() & 0o022 == 0
                    || metadata.mode() & 0o1000 != 0 && metadata.is_dir())
        })
    };
    path.is_absolute()
        && std::fs::canonicalize(path)
            .is_ok_and(|path| path.is_file() && sound(&path) && path.parent().is_some_and(sound))
}

/// Elsewhere only a file that was named is used.
#[cfg(not(unix))]
pub(crate) fn is_trusted(path: &Path, owner: Owner) -> bool {
    owner == Owner::RootOrSelf && path.is_absolute() && path.is_file()
}
