//! One writer at a time: two programs that write one token database lose keys.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::folder::folder_error;
use crate::hsm::error::HsmError;

/// Longer than any write takes, RSA-4096 included; shorter than the bridge's deadlines.
const PATIENCE: Duration = Duration::from_secs(25);

/// An exclusive lock on the embedded token, released when dropped or when the process ends.
pub(in crate::hsm) struct WriteLock {
    _file: File,
}

impl WriteLock {
    /// Waits for the lock. The lock file stays: removing it would let two holders in.
    pub(super) fn take(path: &Path) -> Result<Self, HsmError> {
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(path)
            .map_err(|error| folder_error(path, &error))?;
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    sleep(Duration::from_millis(20))
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(HsmError::TokenBusy {
                        path: path.to_owned(),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(folder_error(path, &error)),
            }
        }
    }
}
