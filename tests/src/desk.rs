//! The `keyferry` command as a user has it: a state folder, a token, a PIN source.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use keyferry::pin::Pin;
use serde_json::Value;
use tempfile::TempDir;

use crate::{Kek, SoftHsm, tool};

/// One user's state folder, with the flags and environment that lead to the token.
pub struct Desk {
    state: PathBuf,
    flags: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    /// What is written to standard input of each command: the PIN, when it is known by no other way.
    input: Option<Arc<Pin>>,
    /// Removes the state folder with this value.
    _folder: TempDir,
}

impl Desk {
    /// The embedded token in a new state folder; it is made by its first use.
    #[must_use]
    pub fn embedded() -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            // Not there yet: the product makes it.
            state: folder.path().join("state"),
            flags: Vec::new(),
            environment: Vec::new(),
            input: None,
            _folder: folder,
        }
    }

    /// A SoftHSM token, its PIN read from a file, with a new state folder.
    #[must_use]
    pub fn soft_hsm(token: &SoftHsm) -> Self {
        let pin = format!("file:{}", token.pin_file().display());
        Self::soft_hsm_asking(token).flag("--pin-source").flag(pin)
    }

    /// A SoftHSM token without a PIN source.
    #[must_use]
    pub fn soft_hsm_asking(token: &SoftHsm) -> Self {
        Self::embedded()
            .flag("--module")
            .flag(SoftHsm::module())
            .flag("--token")
            .flag(&token.label)
            .flag("--module-env")
            .flag("SOFTHSM2_CONF")
            .variable("SOFTHSM2_CONF", token.configuration())
    }

    /// Adds a flag, or a flag's value.
    #[must_use]
    pub fn flag(mut self, flag: impl Into<OsString>) -> Self {
        self.flags.push(flag.into());
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Gives each command this PIN on its standard input (`--pin-source fd:0`).
    #[must_use]
    pub fn typing(mut self, pin: Arc<Pin>) -> Self {
        self.input = Some(pin);
        self.flag("--pin-source").flag("fd:0")
    }

    /// The state folder.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Runs a verb without a terminal, to its end.
    pub fn run<A: Into<OsString>>(&self, arguments: impl IntoIterator<Item = A>) -> Answer {
        self.finish(self.detached(arguments))
    }

    /// Runs a verb with `--json` and without a terminal, to its end.
    pub fn json<A: Into<OsString>>(&self, arguments: impl IntoIterator<Item = A>) -> Answer {
        let mut command = self.detached(arguments);
        command.arg("--json");
        self.finish(command)
    }

    /// Wraps a key into the file `out`, to a KEK whose thumbprint is expected: that is the yes to it.
    pub fn wrap(&self, label: &str, kek: &Kek, out: &Path, flags: &[&str]) -> Answer {
        let (kek_file, thumbprint) = (kek.az_json(), kek.thumbprint());
        let wrap = [
            "wrap",
            "--key",
            label,
            "--kek",
            kek_file.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
            "--expect-kek",
            &thumbprint,
        ];
        self.json(wrap.iter().chain(flags))
    }

    fn finish(&self, mut command: Command) -> Answer {
        let output = match &self.input {
            // EXPOSE: to the product's own standard input.
            Some(pin) => tool::output(&mut command, pin.expose()),
            None => command.output().unwrap(),
        };
        Answer::new(output)
    }

    /// The command in a session of its own, so that a developer's terminal is out of its reach.
    pub fn detached<A: Into<OsString>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        self.detached_by(&[], arguments)
    }

    /// The command in a session of its own, started by another one (`setpriv …`, `sh -c …`).
    pub fn detached_by<A: Into<OsString>>(
        &self,
        starter: &[&str],
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let starter = [&["setsid", "--wait"], starter].concat();
        let mut command = self.on_terminal(&starter, arguments);
        command.stdin(Stdio::null());
        command
    }

    /// The command as `starter` starts it, on whatever terminal there is.
    pub fn on_terminal<A: Into<OsString>>(
        &self,
        starter: &[&str],
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = Command::new(starter[0]);
        command.args(&starter[1..]).arg(binary());
        command.args(arguments.into_iter().map(Into::into));
        command.arg("--state").arg(self.state()).args(&self.flags);
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("KEYFERRY") || name_text.contains("DISPLAY") {
                command.env_remove(&name);
            }
        }
        command
            .env_remove("SOFTHSM2_CONF")
            .envs(self.environment.iter().cloned());
        command
    }
}

/// What a finished command left.
pub struct Answer {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Answer {
    /// Reads a process's output.
    #[must_use]
    pub fn new(output: Output) -> Self {
        let answer = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for trace in ["panicked at", "stack backtrace", "RUST_BACKTRACE"] {
            assert!(
                !answer.stderr.contains(trace),
                "a panic shows:\n{}",
                answer.stderr
            );
        }
        answer
    }

    /// The one JSON object on standard output.
    #[must_use]
    pub fn object(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in\n{}\n{}", self.stdout, self.stderr));
        assert!(value.is_object(), "one object, not {value}");
        value
    }

    /// The JSON object of a command that must have succeeded.
    #[must_use]
    pub fn success(self) -> Value {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self.object()
    }

    /// The code of the JSON error of a command that must have failed with `exit`; what it says
    /// and advises must be more than nothing.
    #[must_use]
    pub fn refusal(&self, exit: i32) -> String {
        assert_eq!(self.code, Some(exit), "{}\n{}", self.stdout, self.stderr);
        let object = self.object();
        let error = &object["error"];
        for member in ["message", "advice"] {
            let text = error[member].as_str().unwrap_or_default();
            assert!(text.len() > 10, "{member}: {object}");
        }
        error["code"].as_str().unwrap().to_owned()
    }

    /// Everything that the command said.
    #[must_use]
    pub fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

/// The binary under test: the one that was built beside the tests, or the one that `KEYFERRY_BIN` names.
#[must_use]
pub fn binary() -> PathBuf {
    std::env::var_os("KEYFERRY_BIN").map_or_else(|| built("keyferry"), PathBuf::from)
}

/// A binary of this workspace, built beside the test's own executable.
///
/// # Panics
/// When it is missing.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    let binary = build_folder().join(name);
    assert!(
        binary.exists(),
        "{} is not there: `cargo test --workspace` builds it, and so does `cargo build`",
        binary.display()
    );
    binary
}

/// Where Cargo put this test's executable and those beside it.
#[must_use]
pub fn build_folder() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors()
        .find(|path| path.join("deps").is_dir())
        .unwrap()
        .to_owned()
}
