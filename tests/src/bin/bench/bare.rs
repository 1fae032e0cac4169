//! The bare calls' side: the `bare` tool, a process of its own.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use keyferry_tests::desk;

/// A running `bare`, which answers a line with a line.
pub(crate) struct Bare {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Bare {
    pub(crate) fn start(
        library: &Path,
        pin_file: &Path,
        variables: &[(&str, PathBuf)],
        verb: &[&str],
    ) -> Self {
        let mut child = Command::new(desk::built("bare"))
            .arg(library)
            .arg(pin_file)
            .args(verb)
            .envs(variables.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        let asked = self.child.stdin.as_mut().unwrap();
        asked.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.lines
            .next()
            .expect("an answer of the bare calls")
            .unwrap()
    }

    /// What was asked for, in seconds, when the answer is nothing else.
    pub(crate) fn seconds(&mut self, line: &str) -> f64 {
        let nanoseconds: f64 = self.ask(line).parse().unwrap();
        nanoseconds / 1e9
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
