//! A PIN in an environment variable.
//!
//! A process's first environment can be read through the system for as long as the process runs, and its
//! children get a copy. So the program moves the PIN into a pipe and starts itself again in the same process
//! without the variable, before anything else happens.

use super::Pin;
use crate::Error;

/// Names the descriptor of the pipe that holds the PIN after the restart.
#[cfg(unix)]
const PIPE: &str = "KEYFERRY_PIN_PIPE";

/// Moves the PIN out of the variable `name`, if it is set. Returns only when there is nothing to move or the
/// move failed; on success the program begins anew.
///
/// # Errors
/// [`Error::PinUnavailable`] when the pipe or the restart failed.
#[cfg(unix)]
pub(crate) fn hide(name: &str) -> Result<(), Error> {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::process::CommandExt;

    let Some(value) = std::env::var_os(name) else {
        return Ok(());
    };
    if value.is_empty() {
        return Ok(());
    }
    let failed = |reason: String| Error::PinUnavailable {
        from: format!("env:{name}"),
        reason,
    };
    let pin = Pin::new(value.into_vec());
    let (reader, mut writer) = std::io::pipe().map_err(|error| failed(error.to_string()))?;
    rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty())
        .map_err(|error| failed(error.to_string()))?;
    // A PIN is far shorter than a pipe's buffer, so this write never waits for a reader.
    writer
        .write_all(pin.expose())
        .map_err(|error| failed(error.to_string()))?;
    drop((pin, writer));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let error = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .env_remove(name)
        .env(PIPE, reader.as_raw_fd().to_string())
        .exec();
    Err(failed(error.to_string()))
}

/// Elsewhere a process cannot begin anew, and its environment is its account's alone.
#[cfg(not(unix))]
pub(crate) fn hide(_name: &str) -> Result<(), Error> {
    Ok(())
}

/// The PIN of the variable `name`.
///
/// # Errors
/// [`Error::PinUnavailable`].
pub(super) fn take(name: &str) -> Result<Pin, Error> {
    #[cfg(unix)]
    if let Some(number) = std::env::var(PIPE).ok().and_then(|text| text.parse().ok()) {
        return super::source::from_fd(number);
    }
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(Pin::new(value.into_bytes())),
        _ => Err(Error::PinUnavailable {
            from: format!("env:{name}"),
            reason: "the variable is not set".to_owned(),
        }),
    }
}
