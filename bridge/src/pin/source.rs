//! Where the PIN comes from: never an argument, and read once.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{Pin, env_var};
use crate::Error;
use crate::approve::Prompter;
use crate::error::shown;

/// Longest PIN taken from a file or pipe, in bytes; tokens take 255 at most.
const MAX_PIN: u64 = 1024;

/// `--pin-source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinSource {
    /// Ask at the terminal.
    Prompt,
    /// Ask by pinentry.
    Pinentry,
    /// An environment variable, which no child process gets to see.
    Env(String),
    /// The first line of a file that others cannot read.
    File(PathBuf),
    /// The first line of an open file descriptor.
    Fd(u32),
    /// The token's own way: its PIN pad, or the embedded token's PIN file.
    Protected,
}

impl FromStr for PinSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "prompt" => Ok(Self::Prompt),
            None if text == "pinentry" => Ok(Self::Pinentry),
            None if text == "protected" => Ok(Self::Protected),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("fd", number)) => number
                .parse()
                .map(Self::Fd)
                .map_err(|_| "fd: is followed by the number of an open file descriptor".to_owned()),
            // The text is not repeated: someone may have typed the PIN itself.
            _ => Err("use prompt, pinentry, env:NAME, file:PATH, fd:N or protected".to_owned()),
        }
    }
}

impl PinSource {
    /// Gets the PIN for the token called `token`; none means that the token asks for it itself.
    ///
    /// # Errors
    /// [`Error::PinUnavailable`], [`Error::PinFileExposed`], or what the prompt answered.
    pub async fn read(&self, prompter: &Prompter, token: &str) -> Result<Option<Pin>, Error> {
        match self {
            Self::Prompt => prompter.terminal_pin(token).await.map(Some),
            Self::Pinentry => prompter.pinentry_pin(token).await.map(Some),
            Self::Env(name) => env_var::take(name).map(Some),
            Self::File(path) => from_file(path).map(Some),
            Self::Fd(number) => from_fd(*number).map(Some),
            Self::Protected => Ok(None),
        }
    }

    /// True when nobody has to answer a prompt for it.
    #[must_use]
    pub fn is_unattended(&self) -> bool {
        matches!(
            self,
            Self::Env(_) | Self::File(_) | Self::Fd(_) | Self::Protected
        )
    }
}

fn from_file(path: &Path) -> Result<Pin, Error> {
    let source = format!("file:{}", shown(path));
    let file = File::open(path).map_err(|error| unavailable(&source, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let metadata = file
            .metadata()
            .map_err(|error| unavailable(&source, &error))?;
        // Others may not read or write it, nor its group write it. A group may read: service managers hand
        // out credentials that way.
        if metadata.is_file() && metadata.mode() & 0o027 != 0 {
            return Err(Error::PinFileExposed { path: shown(path) });
        }
    }
    first_line(file, &source)
}

/// The descriptor stays open in this process, emptied; opening it by name needs no unsafe code.
pub(super) fn from_fd(number: u32) -> Result<Pin, Error> {
    let source = format!("fd:{number}");
    let file =
        File::open(format!("/dev/fd/{number}")).map_err(|error| unavailable(&source, &error))?;
    first_line(file, &source)
}

fn first_line(input: impl Read, source: &str) -> Result<Pin, Error> {
    let capacity = usize::try_from(MAX_PIN + 1).unwrap_or_default();
    // One allocation, so that no grown-out-of buffer keeps a copy.
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    input
        .take(MAX_PIN + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unavailable(source, &error))?;
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    bytes.truncate(end);
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    if bytes.len() as u64 > MAX_PIN {
        return Err(Error::PinUnavailable {
            from: source.to_owned(),
            reason: "its first line is too long".to_owned(),
        });
    }
    if bytes.is_empty() {
        return Err(Error::PinUnavailable {
            from: source.to_owned(),
            reason: "its first line is empty".to_owned(),
        });
    }
    Ok(Pin::new(std::mem::take(&mut *bytes)))
}

fn unavailable(source: &str, error: &std::io::Error) -> Error {
    Error::PinUnavailable {
        from: source.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_source_is_read_by_its_name() {
        assert_eq!("prompt".parse(), Ok(PinSource::Prompt));
        assert_eq!("pinentry".parse(), Ok(PinSource::Pinentry));
        assert_eq!("protected".parse(), Ok(PinSource::Protected));
        assert_eq!("env:HSM_PIN".parse(), Ok(PinSource::Env("HSM_PIN".into())));
        assert_eq!(
            "file:/run/pin".parse(),
            Ok(PinSource::File("/run/pin".into()))
        );
        assert_eq!("fd:3".parse(), Ok(PinSource::Fd(3)));
    }

    #[test]
    fn a_pin_given_in_place_of_a_source_is_not_repeated() {
        for text in ["123456", "pin:123456", "env:", "fd:x123456"] {
            let refusal = text.parse::<PinSource>().unwrap_err();
            assert!(!refusal.contains("123456"), "{refusal}");
        }
    }

    #[test]
    fn only_the_first_line_is_the_pin() {
        for text in ["1234", "1234\n", "1234\r\n", "1234\nsecond\n"] {
            assert_eq!(
                first_line(text.as_bytes(), "test").unwrap().expose(),
                b"1234"
            );
        }
        assert_eq!(
            first_line(&b" 12 \n"[..], "test").unwrap().expose(),
            b" 12 "
        );
    }

    #[test]
    fn empty_and_endless_sources_are_refused() {
        assert_eq!(
            first_line(&b""[..], "test").unwrap_err().code(),
            "pin-unavailable"
        );
        assert_eq!(
            first_line(&b"\n1234"[..], "test").unwrap_err().code(),
            "pin-unavailable"
        );
        assert_eq!(
            first_line(std::io::repeat(b'1'), "test")
                .unwrap_err()
                .code(),
            "pin-unavailable"
        );
    }

    #[cfg(unix)]
    #[test]
    fn refuses_a_pin_file_that_others_can_read() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("pin");
        std::fs::write(&path, "1234\n").unwrap();
        for (mode, exposed) in [
            (0o600, false),
            (0o400, false),
            (0o440, false),
            (0o644, true),
            (0o602, true),
            (0o660, true),
        ] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let outcome = from_file(&path);
            assert_eq!(outcome.is_err(), exposed, "{mode:o}");
        }
    }
}
