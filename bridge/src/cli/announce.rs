//! Where the page's address, which carries the run's secret, may be said.

use std::io::Write;
use std::path::PathBuf;

use keyferry_core::{ModuleOffer, visible};
use serde::Serialize;
use zeroize::Zeroizing;

use super::out::Out;
use crate::Error;
use crate::config::Ready;
use crate::error::shown;
use crate::state::StateFolder;

/// What `--json` prints at the start.
#[derive(Serialize)]
struct Start<'a> {
    address: String,
    url: Option<&'a str>,
    url_file: Option<String>,
}

/// Says the address on standard output when only its user reads that; else a file of the user's alone gets it,
/// for a journal is kept and read by others.
///
/// The file, where there is one, goes with the value that is given back.
pub(super) fn ready(out: &Out, state: &StateFolder, ready: &Ready) -> Option<AddressFile> {
    let address = format!("http://{}/", ready.address);
    if output_is_private() {
        if out.is_json() {
            out.object(&Start {
                address,
                url: Some(&ready.url),
                url_file: None,
            });
        } else {
            out.line(&format!("Keyferry is ready: {}", ready.url));
            out.line(
                "The page asks here, or by pinentry, before anything is wrapped. Ctrl-C ends it.",
            );
        }
        return None;
    }
    let path = match write_address(state, &ready.url) {
        Ok(path) => path,
        Err(error) => {
            out.error(&error);
            return None;
        }
    };
    if out.is_json() {
        out.object(&Start {
            address,
            url: None,
            url_file: Some(path.to_string_lossy().into_owned()),
        });
    } else {
        out.line(&format!(
            "Keyferry is ready at {address}; the whole address is in {}",
            shown(&path)
        ));
    }
    Some(AddressFile {
        path,
        url: Zeroizing::new(ready.url.clone()),
    })
}

/// The file that holds the page's address; removed with this value, unless a later run has replaced it.
pub(super) struct AddressFile {
    path: PathBuf,
    url: Zeroizing<String>,
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        let own = std::fs::read_to_string(&self.path)
            .is_ok_and(|text| text.trim_end() == self.url.as_str());
        if own {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Says which HSMs' libraries are installed here; a person chooses, nothing is loaded. Software
/// tokens come with many systems: nobody starts a bridge to hear of those.
pub(super) fn offers(out: &Out, offers: &[ModuleOffer]) {
    let mut hsms = offers.iter().filter(|offer| !offer.software).peekable();
    let any = hsms.peek().is_some();
    for offer in hsms {
        out.line(&offer_line(offer));
    }
    if any {
        out.line("To use one, start again with --module PATH.");
    }
}

/// One installed library in words.
pub(super) fn offer_line(offer: &ModuleOffer) -> String {
    let kind = if offer.software { " (software)" } else { "" };
    format!(
        "Found: {}{kind} at {}",
        visible(&offer.name),
        visible(&offer.path)
    )
}

/// Writes the address into the runtime folder, mode 0600; the run before's is replaced.
fn write_address(state: &StateFolder, url: &str) -> Result<PathBuf, Error> {
    let folder = match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        Some(runtime) if runtime.is_absolute() && runtime.is_dir() => {
            StateFolder::open(Some(&runtime.join("keyferry")))?
                .path()
                .to_owned()
        }
        _ => state.folder("run")?,
    };
    let path = folder.join("address");
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".address-")
            .tempfile_in(&folder)?;
        writeln!(file, "{url}")?;
        file.persist(&path)?;
        Ok(())
    };
    write().map_err(|source| Error::state(&path, source))?;
    Ok(path)
}

/// A terminal, or a pipe or socket of this account that is not the journal's.
#[cfg(unix)]
fn output_is_private() -> bool {
    use rustix::fs::{FileType, fstat};
    use std::io::IsTerminal;

    let stdout = std::io::stdout();
    if stdout.is_terminal() {
        return true;
    }
    let Ok(stat) = fstat(&stdout) else {
        return false;
    };
    // systemd names the journal's stream by device and inode (systemd.exec(5), JOURNAL_STREAM).
    let journal = std::env::var("JOURNAL_STREAM")
        .is_ok_and(|name| name == format!("{}:{}", stat.st_dev, stat.st_ino));
    let passed_on = matches!(
        FileType::from_raw_mode(stat.st_mode),
        FileType::Fifo | FileType::Socket
    );
    passed_on && !journal && stat.st_uid == rustix::process::getuid().as_raw()
}

#[cfg(not(unix))]
fn output_is_private() -> bool {
    use std::io::IsTerminal;
    std::io::stdout().is_terminal()
}
