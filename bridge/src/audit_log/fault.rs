//! Places where a crash or an error of the system would hurt most. Tests stop there; the program passes through.

/// A place in the writing of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Some bytes of the group are in the file, the others are not.
    #[cfg(test)]
    Torn,
    /// All lines of the group are written, none is known to be on disk.
    Written,
    /// All lines are on disk, the head is the old one.
    Synced,
    /// The head is the new one, nobody was answered.
    HeadMoved,
    /// Lines beyond the head were taken up, which is not recorded yet.
    TakenUp,
    /// A torn line is in a file of its own, and still in the log.
    Kept,
    /// A file is about to be rotated, and the head is on disk.
    RotationBegun,
    /// The file has its new name, and there is no log.
    Renamed,
    /// The next file is there, and empty.
    NextMade,
}

#[cfg(not(test))]
pub(super) fn reach(_place: Place) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(test))]
pub(super) fn write(log: &mut std::fs::File, bytes: &[u8]) -> std::io::Result<()> {
    std::io::Write::write_all(log, bytes)
}

#[cfg(test)]
pub(super) use played::{Crash, Played, play, reach, write};

#[cfg(test)]
mod played {
    #![allow(clippy::indexing_slicing)]
    use std::cell::Cell;
    use std::fs::File;
    use std::io::{self, Write};

    use super::Place;

    /// What happens at a place.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::audit_log) enum Played {
        /// The process ends there.
        Crash(Place),
        /// It ends after so many bytes of the group were written.
        CrashAfter(usize),
        /// The system reports an error there.
        Fail(Place),
    }

    /// What a played crash unwinds with.
    pub(in crate::audit_log) struct Crash;

    thread_local! {
        static PLAYED: Cell<Option<Played>> = const { Cell::new(None) };
    }

    /// Plays this once on this thread, when its place is reached.
    pub(in crate::audit_log) fn play(played: Played) {
        PLAYED.set(Some(played));
    }

    fn crash() -> ! {
        PLAYED.set(None);
        // No message: the test expects it.
        std::panic::resume_unwind(Box::new(Crash))
    }

    pub(in crate::audit_log) fn reach(place: Place) -> io::Result<()> {
        match PLAYED.get() {
            Some(Played::Crash(at)) if at == place => crash(),
            Some(Played::Fail(at)) if at == place => {
                PLAYED.set(None);
                Err(io::Error::other("played"))
            }
            _ => Ok(()),
        }
    }

    pub(in crate::audit_log) fn write(log: &mut File, bytes: &[u8]) -> io::Result<()> {
        if let Some(Played::CrashAfter(count)) = PLAYED.get() {
            log.write_all(&bytes[..count.min(bytes.len())])?;
            crash();
        }
        if PLAYED.get() == Some(Played::Fail(Place::Torn)) {
            log.write_all(&bytes[..bytes.len() / 2])?;
            return reach(Place::Torn);
        }
        log.write_all(bytes)
    }
}
