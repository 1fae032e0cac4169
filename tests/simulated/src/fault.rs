//! What a fault does to the process.

use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

use crate::rv::Rv;
use crate::scenario::Deed;

impl Deed {
    /// Does it.
    ///
    /// # Errors
    /// The return value that the call has to give in place of its own.
    pub(crate) fn strike(self) -> Result<(), Rv> {
        match self {
            Self::Return(value) => return Err(Rv(value)),
            Self::Wait(time) => {
                std::thread::sleep(time);
                return Ok(());
            }
            Self::Exit => std::process::exit(0),
            Self::Crash => {
                // As the kernel would after a wild pointer.
                let _never_fails = kill_process(getpid(), Signal::SEGV);
            }
            Self::Hang => loop {
                std::thread::sleep(Duration::from_secs(3600));
            },
            Self::Abort => {}
        }
        std::process::abort()
    }
}
