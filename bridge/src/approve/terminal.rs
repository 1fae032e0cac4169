//! Prompts at the terminal that the program was started from.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use rpassword::ConfigBuilder;

use super::PlanList;
use crate::Error;
use crate::pin::Pin;

/// Longest answer to a yes-or-no question that is looked at, in bytes.
const MAX_ANSWER: usize = 256;

/// Lines of a list that are shown at once.
const PAGE: usize = 20;

/// How often a waiting prompt looks for input.
const POLL: Duration = Duration::from_millis(25);

#[cfg(unix)]
const INPUT: &str = "/dev/tty";
#[cfg(unix)]
const OUTPUT: &str = "/dev/tty";
#[cfg(windows)]
const INPUT: &str = "CONIN$";
#[cfg(windows)]
const OUTPUT: &str = "CONOUT$";

/// The controlling terminal.
pub(super) struct Terminal {
    input: File,
    output: File,
}

impl Terminal {
    /// Opens the terminal, if there is one and this program is in its foreground: a background program that
    /// read from it would be stopped.
    pub(super) fn open() -> Result<Self, Error> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Reads must not wait: a prompt has a time limit.
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        let input = options.open(INPUT).map_err(|_| Error::PromptUnavailable)?;
        let output = OpenOptions::new()
            .write(true)
            .open(OUTPUT)
            .map_err(|_| Error::PromptUnavailable)?;
        if !mode::in_foreground(&input) {
            return Err(Error::PromptUnavailable);
        }
        Ok(Self { input, output })
    }

    /// Shows `facts`, asks `question`, and takes only `y` or `yes` for a yes.
    pub(super) fn confirm(
        mut self,
        facts: &str,
        question: &str,
        until: Instant,
    ) -> Result<(), Error> {
        mode::discard_typed(&self.input);
        let text = format!("\n{facts}\n{question} [y/N] ");
        self.output
            .write_all(text.as_bytes())
            .map_err(|error| broken(&error))?;
        let answer = self.read_line(until);
        if matches!(answer, Err(Error::ApprovalTimeout { .. })) {
            // The cursor stands after the question.
            let _ = self.output.write_all(b"\n");
        }
        match answer?.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Error::ApprovalRefused),
        }
    }

    /// The same about a list that can be read first: `l` shows it, a page at a time.
    pub(super) fn confirm_list(
        mut self,
        facts: &str,
        question: &str,
        list: &PlanList,
        until: Instant,
    ) -> Result<(), Error> {
        mode::discard_typed(&self.input);
        let mut shown = format!("\n{facts}");
        loop {
            shown.push_str(&format!("\n{question} [y/N, l to read the list] "));
            self.say(&shown)?;
            shown.clear();
            match self.read_line(until)?.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(()),
                "l" | "list" => self.page(list.lines(), until)?,
                _ => return Err(Error::ApprovalRefused),
            }
        }
    }

    /// Shows a list page by page, from its beginning.
    fn page(&mut self, list: impl Iterator<Item = String>, until: Instant) -> Result<(), Error> {
        let mut list = list.peekable();
        while list.peek().is_some() {
            for line in list.by_ref().take(PAGE) {
                self.say(&format!("{line}\n"))?;
            }
            if list.peek().is_some() {
                self.say("-- Return for more, q to stop reading -- ")?;
                if self.read_line(until)?.trim().eq_ignore_ascii_case("q") {
                    break;
                }
            }
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), Error> {
        self.output
            .write_all(text.as_bytes())
            .map_err(|error| broken(&error))
    }

    /// Asks for a PIN, without echo.
    pub(super) fn pin(mut self, prompt: &str, until: Instant) -> Result<Pin, Error> {
        let started = Instant::now();
        let answer = {
            // Before it is asked for: whoever answers at once is not shown either.
            let _quiet = mode::Quiet::begin(&self.input).map_err(|error| broken(&error))?;
            mode::discard_typed(&self.input);
            self.output
                .write_all(prompt.as_bytes())
                .map_err(|error| broken(&error))?;
            let input = self.input.try_clone().map_err(|error| broken(&error))?;
            let config = ConfigBuilder::new()
                .input_reader(Limited { input, until })
                .output_discard()
                .build();
            rpassword::read_password_with_config(config)
        };
        let _ = self.output.write_all(b"\n");
        match answer {
            Ok(text) if text.is_empty() => Err(Error::ApprovalRefused),
            // The bytes are taken over, not copied.
            Ok(text) => Ok(Pin::new(text.into_bytes())),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(timeout(started)),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {
                mode::interrupt();
                Err(Error::ApprovalRefused)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Error::ApprovalRefused)
            }
            Err(error) => Err(broken(&error)),
        }
    }

    fn read_line(&mut self, until: Instant) -> Result<String, Error> {
        let started = Instant::now();
        let mut line = Vec::new();
        let mut limited = Limited {
            input: self.input.try_clone().map_err(|error| broken(&error))?,
            until,
        };
        let mut byte = [0];
        loop {
            match limited.read(&mut byte) {
                Ok(0) => break,
                Ok(_) if byte == *b"\n" => break,
                Ok(_) if line.len() < MAX_ANSWER => line.extend_from_slice(&byte),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(timeout(started));
                }
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

/// The terminal's input, until a moment.
struct Limited {
    input: File,
    until: Instant,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.input.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Ctrl-C while the terminal is quiet: the reader must stop before it ends the program, so that
                // the terminal's echo is switched on again first.
                Ok(count) if buffer.get(..count).is_some_and(|read| read.contains(&3)) => {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                other => return other,
            }
            if Instant::now() >= self.until {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(POLL);
        }
    }
}

fn timeout(started: Instant) -> Error {
    Error::ApprovalTimeout {
        seconds: started.elapsed().as_secs(),
    }
}

fn broken(error: &io::Error) -> Error {
    Error::PromptFailed(error.to_string())
}

/// The terminal's modes.
#[cfg(unix)]
mod mode {
    use std::fs::File;
    use std::io;

    use rustix::termios::{
        LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp,
        tcsetattr,
    };

    /// No echo, no line editing and no signals until it is dropped.
    pub(super) struct Quiet<'a> {
        terminal: &'a File,
        before: Termios,
    }

    impl<'a> Quiet<'a> {
        pub(super) fn begin(terminal: &'a File) -> io::Result<Self> {
            let before = tcgetattr(terminal)?;
            let mut quiet = before.clone();
            quiet.local_modes.remove(
                LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG,
            );
            tcsetattr(terminal, OptionalActions::Now, &quiet)?;
            Ok(Self { terminal, before })
        }
    }

    impl Drop for Quiet<'_> {
        fn drop(&mut self) {
            let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
        }
    }

    /// What was typed before the question was shown does not answer it.
    pub(super) fn discard_typed(terminal: &File) {
        let _ = tcflush(terminal, QueueSelector::IFlush);
    }

    pub(super) fn in_foreground(terminal: &File) -> bool {
        tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp())
    }

    /// Ends the program the way Ctrl-C does.
    pub(super) fn interrupt() {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
    }
}

/// Elsewhere the console is left in its own modes, but for what `rpassword` sets.
#[cfg(not(unix))]
mod mode {
    use std::fs::File;
    use std::io;
    use std::marker::PhantomData;

    pub(super) struct Quiet<'a>(PhantomData<&'a File>);

    impl<'a> Quiet<'a> {
        pub(super) fn begin(_terminal: &'a File) -> io::Result<Self> {
            Ok(Self(PhantomData))
        }
    }

    pub(super) fn discard_typed(_terminal: &File) {}

    pub(super) fn in_foreground(_terminal: &File) -> bool {
        true
    }

    pub(super) fn interrupt() {}
}
