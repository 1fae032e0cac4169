//! A running `keyferry vault practice`.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::Desk;
use crate::tool::run;

/// A practice vault in a process of its own; ended with this value.
pub struct PracticeVault {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The object that it printed at its start.
    pub start: Value,
}

impl PracticeVault {
    /// Starts one on the desk's state folder, and waits until it listens.
    #[must_use]
    pub fn start(desk: &Desk, more: &[&str]) -> Self {
        let arguments = [&["vault", "practice", "--json"], more].concat();
        // `env` becomes the program itself, so that a signal to it arrives.
        let mut child = desk
            .on_terminal(&["env"], arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let start = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self {
            child,
            stdout,
            start,
        }
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn authority(&self) -> &str {
        let url = self.start["url"].as_str().unwrap();
        url.strip_prefix("https://").unwrap()
    }

    /// The file with its CA.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.start["ca_file"].as_str().unwrap().into()
    }

    /// Its answer to a GET, head and body, by `openssl s_client` that trusts its CA alone.
    ///
    /// # Errors
    /// What `openssl` said.
    pub fn get(&self, path: &str) -> Result<String, String> {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-verify_return_error", "-no-CApath"]);
        command.args(["-verify_ip", "127.0.0.1", "-connect", self.authority()]);
        command.arg("-CAfile").arg(self.ca_file());
        let request = format!(
            "GET {path}?api-version=7.4 HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer any\r\nConnection: close\r\n\r\n",
            self.authority()
        );
        run(&mut command, request.as_bytes())
            .map(|answer| String::from_utf8_lossy(&answer).into_owned())
    }

    /// Ends it as Ctrl-C does, and gives its exit code.
    #[must_use]
    pub fn interrupt(mut self) -> Option<i32> {
        signal(&self.child, "INT");
        let code = self.child.wait().unwrap().code();
        let mut rest = String::new();
        self.stdout.read_line(&mut rest).unwrap();
        assert_eq!(rest, "", "one object on standard output");
        code
    }

    /// Ends it without a chance to clear up.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for PracticeVault {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that this test started.
pub fn signal(child: &Child, name: &str) {
    let mut command = Command::new("kill");
    command.args(["-s", name, &child.id().to_string()]);
    run(&mut command, b"").unwrap();
}
