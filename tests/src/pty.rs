//! The command on a terminal, as a person has it.

use std::ffi::OsString;

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

use crate::Desk;

/// How long a prompt or an end may keep a test waiting.
const PATIENCE_MS: u64 = 60_000;

/// A running command on a pseudo-terminal of its own, which echoes as a real one does.
pub struct Terminal {
    session: PtySession,
    seen: String,
}

impl Terminal {
    /// Starts a verb.
    pub fn start<A: Into<OsString>>(desk: &Desk, arguments: impl IntoIterator<Item = A>) -> Self {
        // rexpect switches the echo off, and so would hide that a prompt forgot to.
        let script = "stty echo && exec \"$0\" \"$@\"";
        let command = desk.on_terminal(&["sh", "-c", script], arguments);
        let session = spawn_command(command, Some(PATIENCE_MS)).unwrap();
        Self {
            session,
            seen: String::new(),
        }
    }

    /// Waits until `text` shows, and gives what came before it.
    pub fn expect(&mut self, text: &str) -> String {
        match self.session.exp_string(text) {
            Ok(before) => {
                self.seen += &before;
                self.seen += text;
                before
            }
            Err(error) => panic!("{text:?} does not show: {error}\nbefore it: {}", self.seen),
        }
    }

    /// Types `line` and the return key.
    pub fn type_line(&mut self, line: &str) {
        self.session.send_line(line).unwrap();
    }

    /// Types Ctrl-C.
    pub fn interrupt(&mut self) {
        self.session.send_control('c').unwrap();
    }

    /// Waits for the end: everything that showed, and the exit code (`None` after a signal).
    pub fn end(mut self) -> (String, Option<i32>) {
        match self.session.exp_eof() {
            Ok(rest) => self.seen += &rest,
            Err(error) => panic!("it does not end: {error}\n{}", self.seen),
        }
        let code = match self.session.process().wait().unwrap() {
            WaitStatus::Exited(_, code) => Some(code),
            _ => None,
        };
        (self.seen, code)
    }
}
