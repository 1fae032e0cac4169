//! How other programs of the same state folder find a running practice vault: a file with its
//! address and its CA, which vanishes with it.
//!
//! The vault holds a lock for as long as it runs, so that a file which a killed one left behind is
//! known for what it is. Whoever may write the state folder may name another vault there; that folder
//! is its owner's alone.

use super::error::PracticeError;
use super::flavour::Flavour;
use super::handle::PracticeVault;
use base64ct::{Base64, Encoding};
use keyferry_core::PracticeAuthority;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const DOCUMENT: &str = "vault.json";
const CA: &str = "ca.pem";
/// Stays when the vault ends: removing it could let two holders in.
const LOCK: &str = "vault.lock";
/// Far more than any document has.
const MAX_DOCUMENT: u64 = 16 * 1024;

/// `vault.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    /// Always true.
    practice: bool,
    /// `https://127.0.0.1:PORT`.
    url: String,
    /// `vault` or `managed-hsm`.
    service: String,
    /// The CA's certificate, DER in standard base64; `ca.pem` beside it is the same for other tools.
    ca: String,
    /// The process, for people.
    pid: u32,
}

/// The files of a running practice vault; dropping it removes them.
#[derive(Debug)]
pub struct Announcement {
    folder: PathBuf,
    _lock: File,
}

impl Announcement {
    /// Writes `vault.json` and `ca.pem`, mode 0600, into `folder` (`STATE/practice`).
    ///
    /// # Errors
    /// [`PracticeError::Running`] when another practice vault uses this folder,
    /// [`PracticeError::Folder`].
    pub fn make(folder: &Path, vault: &PracticeVault) -> Result<Self, PracticeError> {
        let failed = |source| PracticeError::Folder {
            path: crate::error::shown(folder),
            source,
        };
        let lock = private(&folder.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PracticeError::Running),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let announcement = Self {
            folder: folder.to_owned(),
            _lock: lock,
        };
        // What a killed vault left must not be read under this one's lock.
        announcement.remove();
        let ca = Base64::encode_string(vault.ca_der());
        let document = Document {
            practice: true,
            url: vault.base_url(),
            service: vault.flavour().name().to_owned(),
            ca: ca.clone(),
            pid: std::process::id(),
        };
        let text = serde_json::to_string_pretty(&document)
            .map_err(io::Error::from)
            .map_err(failed)?;
        write(folder, CA, &pem(&ca)).map_err(failed)?;
        write(folder, DOCUMENT, &format!("{text}\n")).map_err(failed)?;
        Ok(announcement)
    }

    /// The file with address and CA.
    #[must_use]
    pub fn document(&self) -> PathBuf {
        self.folder.join(DOCUMENT)
    }

    /// The CA's certificate, for tools that are not ours.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.join(CA)
    }

    fn remove(&self) {
        for path in [self.document(), self.ca()] {
            // Absent is as good; another failure leaves a file that is known for stale.
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A practice vault that another process runs.
#[derive(Debug, Clone)]
pub struct RunningPractice {
    /// Where it listens; what core's `Admission` needs to admit its kids.
    pub authority: PracticeAuthority,
    /// Which service it plays.
    pub flavour: Flavour,
    /// The certificate of that run's CA, DER: to be trusted for this address alone.
    pub ca_der: Vec<u8>,
}

impl RunningPractice {
    /// The practice vault that runs on `folder` (`STATE/practice`); none when there is none, or when
    /// only its files are left.
    ///
    /// # Errors
    /// [`PracticeError::Folder`], [`PracticeError::Document`].
    pub fn find(folder: &Path) -> Result<Option<Self>, PracticeError> {
        let failed = |source| PracticeError::Folder {
            path: crate::error::shown(folder),
            source,
        };
        let lock = match File::open(folder.join(LOCK)) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        match lock.try_lock_shared() {
            // Nobody holds it: whatever files are there are stale.
            Ok(()) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let path = folder.join(DOCUMENT);
        let mut text = String::new();
        let file = match File::open(&path) {
            Ok(file) => file,
            // It is just starting or ending.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        if written_by_others(&file).map_err(failed)? {
            return Err(PracticeError::Document("others may write it"));
        }
        file.take(MAX_DOCUMENT)
            .read_to_string(&mut text)
            .map_err(failed)?;
        read(&text).map(Some)
    }

    /// `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("https://{}", self.authority.authority())
    }
}

fn read(text: &str) -> Result<RunningPractice, PracticeError> {
    let document: Document = serde_json::from_str(text)
        .map_err(|_| PracticeError::Document("it is not what a practice vault writes"))?;
    let authority = document
        .url
        .strip_prefix("https://")
        .and_then(|authority| PracticeAuthority::parse(authority).ok())
        .ok_or(PracticeError::Document("its address is not this machine's"))?;
    let flavour = [Flavour::Vault, Flavour::ManagedHsm]
        .into_iter()
        .find(|flavour| flavour.name() == document.service)
        .ok_or(PracticeError::Document("it names no service"))?;
    let ca_der = Base64::decode_vec(&document.ca)
        .map_err(|_| PracticeError::Document("its certificate is not base64"))?;
    Ok(RunningPractice {
        authority,
        flavour,
        ca_der,
    })
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Writes a file whole or not at all; `tempfile` makes it mode 0600.
fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".practice-")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(folder.join(name))?;
    Ok(())
}

#[cfg(unix)]
fn written_by_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o022 != 0)
}

#[cfg(not(unix))]
fn written_by_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// RFC 7468 §2: 64 characters a line.
fn pem(base64: &str) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (index, character) in base64.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::path::Path;

    async fn vault() -> PracticeVault {
        PracticeVault::start().await.unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_running_vault_is_found_and_a_dropped_one_leaves_nothing_but_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        assert!(RunningPractice::find(folder.path()).unwrap().is_none());
        let vault = vault().await;
        let announcement = Announcement::make(folder.path(), &vault).unwrap();
        let found = RunningPractice::find(folder.path()).unwrap().unwrap();
        assert_eq!(&found.authority, vault.authority());
        assert_eq!(found.ca_der, vault.ca_der());
        assert_eq!(found.base_url(), vault.base_url());
        assert_eq!(names(folder.path()), [CA, DOCUMENT, LOCK]);
        #[cfg(unix)]
        for name in names(folder.path()) {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(&name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        drop(announcement);
        assert_eq!(names(folder.path()), [LOCK]);
        assert!(RunningPractice::find(folder.path()).unwrap().is_none());
    }

    #[tokio::test]
    async fn files_that_a_killed_vault_left_are_known_for_stale() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault().await;
        let announcement = Announcement::make(folder.path(), &vault).unwrap();
        let left = fs::read(announcement.document()).unwrap();
        drop(announcement);
        fs::write(folder.path().join(DOCUMENT), &left).unwrap();
        assert!(RunningPractice::find(folder.path()).unwrap().is_none());
        let _next = Announcement::make(folder.path(), &vault).unwrap();
        assert!(RunningPractice::find(folder.path()).unwrap().is_some());
    }

    #[tokio::test]
    async fn two_vaults_do_not_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault().await;
        let _first = Announcement::make(folder.path(), &vault).unwrap();
        let error = Announcement::make(folder.path(), &vault).unwrap_err();
        assert_eq!(error.code(), "practice-running");
        // The loser leaves the winner's files alone.
        assert!(RunningPractice::find(folder.path()).unwrap().is_some());
    }

    #[test]
    fn an_address_beyond_this_machine_is_never_taken() {
        for url in [
            "https://contoso.vault.azure.net",
            "https://127.0.0.2:8443",
            "http://127.0.0.1:8443",
            "https://127.0.0.1",
            "https://127.0.0.1:8443@evil.example:1",
        ] {
            let document = Document {
                practice: true,
                url: url.to_owned(),
                service: "vault".to_owned(),
                ca: String::new(),
                pid: 1,
            };
            let text = serde_json::to_string(&document).unwrap();
            assert_eq!(
                read(&text).unwrap_err().code(),
                "practice-document",
                "{url}"
            );
        }
        assert!(read("{}").is_err());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_document_that_others_may_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let announcement = Announcement::make(folder.path(), &vault().await).unwrap();
        let open = fs::Permissions::from_mode(0o666);
        fs::set_permissions(announcement.document(), open).unwrap();
        let error = RunningPractice::find(folder.path()).unwrap_err();
        assert_eq!(error.code(), "practice-document");
    }
}
