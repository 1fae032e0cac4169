//! The hold on a batch's folder: one process at a time works in it, and a second one is told who that is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use getrandom::SysRng;
use getrandom::rand_core::TryRng;
use keyferry_core::visible;
use serde::{Deserialize, Serialize};

use super::LedgerError;
use super::seat::SeatInfo;
use crate::batch::PlanHash;
use crate::disk;
use crate::error::shown;
use crate::moment;

/// Locked by who holds the folder; the system lets go of it when that process ends, however it ends. Never removed:
/// two processes could then hold two files of this name.
const LOCK: &str = "hold.lock";

/// Who holds it, for others to read: a locked file cannot be read everywhere.
const HOLDER: &str = "hold.json";

/// What the folder is: its identity, and the plan that it belongs to.
const FOLDER: &str = "batch.json";

/// Who works in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// `batch.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Identity {
    /// Drawn when the folder was first held: hosts and paths can be alike on two machines.
    id: String,
    plan: Option<PlanHash>,
}

/// A folder that this process holds until this is dropped, or until the process ends.
#[derive(Debug)]
pub struct Hold {
    folder: PathBuf,
    holder: Holder,
    identity: Identity,
    _lock: File,
}

impl Hold {
    /// Takes the folder; made, its owner's alone, when absent.
    ///
    /// # Errors
    /// [`LedgerError::FolderHeld`] with who has it; [`LedgerError::Folder`].
    pub fn take(folder: &Path) -> Result<Self, LedgerError> {
        let unusable = |error: io::Error| unusable(folder, &error);
        let folder = std::path::absolute(folder).map_err(unusable)?;
        disk::private_folder(&folder).map_err(unusable)?;
        let lock = private_file(&folder.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerError::FolderHeld {
                    folder: shown(&folder),
                    holder: told(&folder),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let holder = Holder {
            pid: std::process::id(),
            host: host(),
            since: moment::present().unwrap_or_default(),
        };
        replace(&folder, HOLDER, &holder).map_err(unusable)?;
        let identity = match read::<Identity>(&folder, FOLDER).map_err(unusable)? {
            Some(identity) => identity,
            None => {
                let id = random_id().map_err(|reason| LedgerError::Folder {
                    folder: shown(&folder),
                    reason,
                })?;
                let fresh = Identity { id, plan: None };
                replace(&folder, FOLDER, &fresh).map_err(unusable)?;
                fresh
            }
        };
        Ok(Self {
            folder,
            holder,
            identity,
            _lock: lock,
        })
    }

    /// The folder, absolute.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Who holds it: this process.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The plan that the folder belongs to, once it has one.
    #[must_use]
    pub fn plan(&self) -> Option<PlanHash> {
        self.identity.plan
    }

    /// Gives the folder to a plan, for good.
    ///
    /// # Errors
    /// [`LedgerError::OtherPlan`] when it has another one; [`LedgerError::Folder`].
    pub fn bind(&mut self, plan: PlanHash) -> Result<(), LedgerError> {
        match self.identity.plan {
            Some(found) if found == plan => Ok(()),
            Some(found) => Err(LedgerError::OtherPlan {
                place: shown(&self.folder),
                found: found.to_string(),
                wanted: plan.to_string(),
            }),
            None => {
                self.identity.plan = Some(plan);
                replace(&self.folder, FOLDER, &self.identity)
                    .map_err(|error| unusable(&self.folder, &error))
            }
        }
    }

    /// How the holder's seat is told to others.
    pub(super) fn seat_info(&self) -> SeatInfo {
        SeatInfo {
            host: self.holder.host.clone(),
            pid: self.holder.pid,
            folder: shown(&self.folder),
            folder_id: self.identity.id.clone(),
            since: self.holder.since.clone(),
        }
    }
}

/// 32 hexadecimal digits.
pub(super) fn random_id() -> Result<String, String> {
    let mut bytes = [0; 16];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(keyferry_core::to_hex(&bytes))
}

/// This machine's name, for people.
fn host() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    visible(&name)
}

/// Who holds a folder, as far as its file tells.
fn told(folder: &Path) -> String {
    match read::<Holder>(folder, HOLDER) {
        Ok(Some(holder)) => format!(
            "process {} on {}, since {}",
            holder.pid,
            visible(&holder.host),
            visible(&holder.since)
        ),
        Ok(None) | Err(_) => "a process that has only just begun".to_owned(),
    }
}

fn read<T: for<'de> Deserialize<'de>>(folder: &Path, name: &str) -> io::Result<Option<T>> {
    match std::fs::read(folder.join(name)) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("{name} is damaged"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces a file in one durable step.
fn replace(folder: &Path, name: &str, content: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(content)?;
    text.push(b'\n');
    disk::replace(&folder.join(name), &text)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

fn unusable(folder: &Path, error: &io::Error) -> LedgerError {
    LedgerError::Folder {
        folder: shown(folder),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn hash(digit: char) -> PlanHash {
        digit.to_string().repeat(64).parse().unwrap()
    }

    #[test]
    fn a_second_batch_on_one_folder_is_told_who_has_it() {
        let temp = tempfile::tempdir().unwrap();
        let first = Hold::take(temp.path()).unwrap();
        let error = Hold::take(temp.path()).unwrap_err();
        assert_eq!(error.code(), "batch-folder-held");
        let told = error.to_string();
        assert!(
            told.contains(&format!("process {}", std::process::id())),
            "{told}"
        );
        assert!(told.contains(&first.holder().since), "{told}");
        assert!(!host().is_empty() && told.contains(&host()), "{told}");
        drop(first);
        assert!(Hold::take(temp.path()).is_ok());
    }

    #[test]
    fn a_folder_belongs_to_one_plan_for_good_and_keeps_its_identity() {
        let temp = tempfile::tempdir().unwrap();
        let mut first = Hold::take(temp.path()).unwrap();
        assert_eq!(first.plan(), None);
        first.bind(hash('a')).unwrap();
        first.bind(hash('a')).unwrap();
        assert_eq!(
            first.bind(hash('b')).unwrap_err().code(),
            "ledger-other-plan"
        );
        let id = first.seat_info().folder_id;
        drop(first);
        let second = Hold::take(temp.path()).unwrap();
        assert_eq!(second.plan(), Some(hash('a')));
        assert_eq!(second.seat_info().folder_id, id);
    }

    #[test]
    fn a_folder_whose_file_is_damaged_is_not_taken_for_a_new_one() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join(FOLDER), b"{").unwrap();
        assert_eq!(Hold::take(temp.path()).unwrap_err().code(), "batch-folder");
    }
}
