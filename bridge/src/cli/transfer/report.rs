//! What a transfer says at its end.

use std::time::Duration;

use keyferry_core::{TargetKind, Verification, visible};
use serde::Serialize;

use super::folder::Held;
use super::memo::Progress;
use crate::Error;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::cli::vault::import::words;
use crate::error::shown;

/// One step, for `--json`.
#[derive(Debug, Serialize)]
pub(super) struct StepTaken {
    pub(super) step: &'static str,
    pub(super) seconds: f64,
}

impl StepTaken {
    pub(super) fn new(step: &'static str, time: Duration) -> Self {
        Self {
            step,
            seconds: time.as_secs_f64(),
        }
    }
}

/// Whose time a transfer took, in milliseconds.
#[derive(Debug, Default, Serialize)]
pub(super) struct Times {
    /// Waiting for the HSM.
    pub(super) hsm: f64,
    /// Waiting for the vault.
    pub(super) vault: f64,
    /// Waiting for people at prompts.
    pub(super) people: f64,
    /// Until record, state and files were on disk, not only in its cache.
    pub(super) disk: f64,
    /// All the rest.
    pub(super) own: f64,
}

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) id: String,
    pub(super) vault: String,
    pub(super) kek: String,
    pub(super) kid: String,
    pub(super) target: TargetKind,
    pub(super) file: String,
    pub(super) receipt: String,
    pub(super) credential: String,
    pub(super) holds: bool,
    pub(super) verification: Verification,
    pub(super) steps: Vec<StepTaken>,
    pub(super) times: Times,
}

impl Report {
    pub(super) fn tell(&self, out: &Out) -> Ending {
        if out.is_json() {
            out.object(self);
        } else {
            self.show(out);
        }
        if self.holds {
            Ending::Good
        } else {
            Ending::Negative
        }
    }

    fn show(&self, out: &Out) {
        self.verification
            .findings
            .iter()
            .for_each(|finding| out.finding(finding));
        let headline = if self.holds {
            "Transferred"
        } else {
            "Imported, and NOT the HSM's key"
        };
        out.verdict(self.holds, headline);
        out.line(&format!("  Kid       {}", visible(&self.kid)));
        out.line(&format!("  Verified  {}", words(&self.verification)));
        out.line(&format!("  File      {}", visible(&self.file)));
        out.line(&format!("  Receipt   {}", visible(&self.receipt)));
        out.line("");
        out.line("When no more keys go to this KEK, retire it with");
        if let Some((vault, name)) = self.kek.split_once("/keys/") {
            let name = name.split('/').next().unwrap_or_default();
            out.line(&format!(
                "  keyferry vault kek retire --vault {} --name {} --disable",
                visible(vault),
                visible(name)
            ));
        }
    }
}

/// The error of a step, with what is left and how to go on.
pub(super) fn stopped(step: &'static str, held: &Held, error: Error) -> Error {
    let file = shown(held.file());
    let left = match &held.memo.progress {
        Progress::Begun => "Nothing was made or sent.".to_owned(),
        Progress::KekAsked => "Whether the KEK was made is found out when you go on.".to_owned(),
        Progress::KekReady { kid } => format!("The KEK is in the vault: {}.", visible(kid)),
        Progress::Wrapped { .. } => format!("The wrapped key is in {file}; nothing was imported."),
        Progress::ImportAsked { .. } => format!(
            "The wrapped key is in {file}; whether it was imported is found out when you go on."
        ),
        Progress::Imported { imported, .. } => {
            format!(
                "The key is in the vault, not yet verified: {}.",
                visible(imported)
            )
        }
        Progress::Verified { .. } => "All is done.".to_owned(),
    };
    Error::Step {
        step,
        left: format!(
            "{left} Go on with: keyferry transfer --resume {}",
            held.memo.id
        ),
        source: Box::new(error),
    }
}
