//! A wall clock that a test sets, for the processes that it starts: libfaketime in place of the system's. Clocks that
//! nobody can set (`CLOCK_MONOTONIC`, `CLOCK_BOOTTIME`) go on as they are.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Desk;

/// A clock that is read anew at each look at it.
pub struct FakeClock {
    folder: TempDir,
}

impl FakeClock {
    /// One that goes right.
    #[must_use]
    pub fn new() -> Self {
        let clock = Self {
            folder: TempDir::new().unwrap(),
        };
        clock.set(0);
        clock
    }

    /// Puts it so many days before or after the right time.
    pub fn set(&self, days: i32) {
        let part = self.folder.path().join("part");
        std::fs::write(&part, format!("{days:+}d\n")).unwrap();
        // At once, so that nobody reads half of it.
        std::fs::rename(part, self.file()).unwrap();
    }

    /// The same desk, by this clock.
    #[must_use]
    pub fn of(&self, desk: Desk) -> Desk {
        desk.variable("LD_PRELOAD", library())
            .variable("FAKETIME_TIMESTAMP_FILE", self.file())
            .variable("FAKETIME_NO_CACHE", "1")
            .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

/// Where Debian puts the library for programs of several threads: in the folder of the machine's kind.
fn library() -> PathBuf {
    let kinds = std::fs::read_dir("/usr/lib").unwrap();
    let places = kinds.map(|kind| kind.unwrap().path());
    let places = places.chain([Path::new("/usr/lib").to_owned()]);
    places
        .map(|place| place.join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists())
        .expect("libfaketime is needed: run scripts/setup test")
}
