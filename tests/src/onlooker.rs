//! Asks the `onlooker` tool, which sees a token through PKCS#11 alone.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use keyferry::pin::Pin;
use serde_json::Value;

use crate::{Desk, SoftHsm, desk, tool};

/// A view of one token that the product has no part in.
pub struct Onlooker {
    module: PathBuf,
    token: String,
    pin_file: PathBuf,
    variables: Vec<(String, OsString)>,
    /// The PIN, where no file holds it.
    typed: Option<Arc<Pin>>,
}

impl Onlooker {
    /// Looks at a token of any module, which finds it by one variable.
    #[must_use]
    pub fn of(module: PathBuf, token: &str, pin_file: PathBuf, variable: (&str, PathBuf)) -> Self {
        Self {
            module,
            token: token.to_owned(),
            pin_file,
            variables: vec![(variable.0.to_owned(), variable.1.into())],
            typed: None,
        }
    }

    /// Looks at a token of any module, found by this process's own variables; without a PIN, its PIN
    /// pad asks for it.
    #[must_use]
    pub fn of_any(module: PathBuf, token: &str, pin: Option<Arc<Pin>>) -> Self {
        let pin_file = if pin.is_some() {
            "/dev/stdin"
        } else {
            "protected"
        };
        Self {
            module,
            token: token.to_owned(),
            pin_file: pin_file.into(),
            variables: Vec::new(),
            typed: pin,
        }
    }

    /// Adds a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Looks at a SoftHSM token.
    #[must_use]
    pub fn soft_hsm(token: &SoftHsm) -> Self {
        Self {
            module: SoftHsm::module().to_owned(),
            token: token.label.clone(),
            pin_file: token.pin_file(),
            variables: vec![("SOFTHSM2_CONF".to_owned(), token.configuration().into())],
            typed: None,
        }
    }

    /// Looks at the embedded token of a state folder.
    #[must_use]
    pub fn embedded(desk: &Desk) -> Self {
        let folder = desk.state().join("token");
        Self {
            module: "embedded".into(),
            token: "keyferry-software".to_owned(),
            pin_file: folder.join("pin"),
            variables: vec![(
                "KRYOPTIC_CONF".to_owned(),
                folder.join("kryoptic.conf").into(),
            )],
            typed: None,
        }
    }

    /// Runs one verb of the tool.
    #[must_use]
    pub fn ask(&self, verb: &[&str]) -> Value {
        self.try_ask(verb).unwrap()
    }

    /// Runs one verb of the tool.
    ///
    /// # Errors
    /// What the tool said.
    pub fn try_ask(&self, verb: &[&str]) -> Result<Value, String> {
        let mut command = Command::new(desk::built("onlooker"));
        command
            .arg(&self.module)
            .arg(&self.token)
            .arg(&self.pin_file)
            .args(verb);
        command.envs(self.variables.iter().cloned());
        // EXPOSE: to the tool's standard input, which it reads as its PIN file.
        let typed = self.typed.as_ref().map_or(&b""[..], |pin| pin.expose());
        let output = tool::run(&mut command, typed)?;
        Ok(serde_json::from_slice(&output).unwrap())
    }
}
