//! Prompts by a pinentry program, found by absolute path where only the system's owner can put one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pinentry::{ConfirmationDialog, PassphraseInput};
use secrecy::ExposeSecret;

use super::watched::watched;
use crate::Error;
use crate::error::shown;
use crate::pin::Pin;
use crate::trusted_path::{Owner, is_trusted};

/// Where a system keeps the program. `PATH` is not asked: whoever can change it could read the PIN.
const PLACES: [&str; 3] = [
    "/usr/bin/pinentry",
    "/usr/local/bin/pinentry",
    "/opt/homebrew/bin/pinentry-mac",
];

/// A line of the protocol holds 1000 bytes with its command; the crate gives up beyond that.
const MAX_DESCRIPTION: usize = 950;

/// libgpg-error's `GPG_ERR_NOT_CONFIRMED`: the answer was no.
const NOT_CONFIRMED: u16 = 114;

/// A pinentry program that nobody but root or this account can have changed.
#[derive(Debug, Clone)]
pub(super) struct PinentryProgram(PathBuf);

impl PinentryProgram {
    /// The program that the settings name.
    ///
    /// # Errors
    /// [`Error::PromptFailed`] when it is not there or could have been changed by others.
    pub(super) fn configured(path: &Path) -> Result<Self, Error> {
        if is_trusted(path, Owner::RootOrSelf) {
            return Ok(Self(path.to_owned()));
        }
        Err(Error::PromptFailed(format!(
            "{} is not a program that only root or you can change",
            shown(path)
        )))
    }

    /// A system's program when there is a display to show it on.
    pub(super) fn on_display() -> Option<Self> {
        if has_display() { Self::find() } else { None }
    }

    /// A system's pinentry, whether or not there is a display: some work in the terminal.
    pub(super) fn find() -> Option<Self> {
        let place = PLACES
            .iter()
            .map(Path::new)
            .find(|place| is_trusted(place, Owner::Root));
        place.map(|place| Self(place.to_owned()))
    }

    /// Asks a yes-or-no question.
    pub(super) fn confirm(
        &self,
        facts: &str,
        question: &str,
        timeout: Duration,
    ) -> Result<(), Error> {
        let started = Instant::now();
        let description = fitting(&format!("{facts}\n{question}"));
        let program = self.0.clone();
        watched(timeout, move || {
            let mut dialog =
                ConfirmationDialog::with_binary(program).ok_or(Error::PromptUnavailable)?;
            dialog
                .with_ok("Yes")
                .with_cancel("No")
                .with_timeout(seconds(timeout));
            match dialog.confirm(&description) {
                Ok(true) => Ok(()),
                Ok(false) => Err(Error::ApprovalRefused),
                Err(error) => Err(refusal(error, started)),
            }
        })
    }

    /// Asks for a PIN or another secret, which `prompt` calls by its kind.
    pub(super) fn pin(
        &self,
        prompt: &'static str,
        description: &str,
        timeout: Duration,
    ) -> Result<Pin, Error> {
        let started = Instant::now();
        let description = fitting(description);
        let program = self.0.clone();
        watched(timeout, move || {
            let mut input =
                PassphraseInput::with_binary(program).ok_or(Error::PromptUnavailable)?;
            input
                .with_description(&description)
                .with_prompt(prompt)
                .with_timeout(seconds(timeout));
            let pin = input.interact().map_err(|error| refusal(error, started))?;
            // EXPOSE: from the prompt's own secret type into ours; both wipe what they hold.
            match pin.expose_secret() {
                "" => Err(Error::ApprovalRefused),
                text => Ok(Pin::new(text.as_bytes().to_vec())),
            }
        })
    }
}

fn refusal(error: pinentry::Error, started: Instant) -> Error {
    match error {
        pinentry::Error::Cancelled => Error::ApprovalRefused,
        pinentry::Error::Timeout => Error::ApprovalTimeout {
            seconds: started.elapsed().as_secs(),
        },
        pinentry::Error::Gpg(error) if error.code() == NOT_CONFIRMED => Error::ApprovalRefused,
        pinentry::Error::Gpg(_) | pinentry::Error::Io(_) | pinentry::Error::Encoding(_) => {
            Error::PromptFailed(keyferry_core::visible(&error.to_string()))
        }
    }
}

/// `text`, cut where its encoded form (three bytes for a line break or a percent sign) would not fit. What is
/// shown is made short enough before; a cut is seen as one.
fn fitting(text: &str) -> String {
    let mut length = 0;
    let end = text.char_indices().find_map(|(index, character)| {
        length += if matches!(character, '\n' | '\r' | '%' | '\\') {
            3
        } else {
            character.len_utf8()
        };
        (length > MAX_DESCRIPTION).then_some(index)
    });
    match end.and_then(|end| text.get(..end)) {
        Some(cut) => format!("{cut}…"),
        None => text.to_owned(),
    }
}

fn seconds(timeout: Duration) -> u16 {
    u16::try_from(timeout.as_secs()).unwrap_or(u16::MAX)
}

fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
