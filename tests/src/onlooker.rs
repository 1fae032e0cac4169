//! Asks the `onlooker` tool, which sees a token through PKCS#11 alone.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::{Desk, SoftHsm, desk, tool};

/// A view of one token that the product has no part in.
pub struct Onlooker {
    module: PathBuf,
    token: String,
    pin_file: PathBuf,
    variable: (&'static str, PathBuf),
}

impl Onlooker {
    /// Looks at a token of any module, which finds it by one variable.
    #[must_use]
    pub fn of(
        module: PathBuf,
        token: &str,
        pin_file: PathBuf,
        variable: (&'static str, PathBuf),
    ) -> Self {
        Self {
            module,
            token: token.to_owned(),
            pin_file,
            variable,
        }
    }

    /// Looks at a SoftHSM token.
    #[must_use]
    pub fn soft_hsm(token: &SoftHsm) -> Self {
        Self {
            module: SoftHsm::module().to_owned(),
            token: token.label.clone(),
            pin_file: token.pin_file(),
            variable: ("SOFTHSM2_CONF", token.configuration()),
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
            variable: ("KRYOPTIC_CONF", folder.join("kryoptic.conf")),
        }
    }

    /// Runs one verb of the tool.
    #[must_use]
    pub fn ask(&self, verb: &[&str]) -> Value {
        let mut command = Command::new(desk::built("onlooker"));
        command
            .arg(&self.module)
            .arg(&self.token)
            .arg(&self.pin_file)
            .args(verb);
        command.env(self.variable.0, &self.variable.1);
        let output = tool::run(&mut command, b"").unwrap();
        serde_json::from_slice(&output).unwrap()
    }
}
