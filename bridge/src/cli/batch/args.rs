//! What `batch` takes.

use std::path::PathBuf;

use clap::Args;

use crate::batch::{LedgerPlace, Pages};
#[cfg(feature = "vault")]
use crate::cli::online::Online;

const LEDGER_VARIABLE: &str = "KEYFERRY_LEDGER";

#[derive(Debug, Args)]
#[command(after_help = "The manifest says which keys go to which vaults: docs/batch.md.")]
pub(in crate::cli) struct Batch {
    /// Which keys go where: TOML, or CSV
    #[arg(value_name = "MANIFEST", required_unless_present = "resume")]
    pub(super) manifest: Option<PathBuf>,
    /// The folder for files, receipts, ledger and report; its owner's alone
    #[arg(long, value_name = "FOLDER", required_unless_present = "plan")]
    pub(super) out: Option<PathBuf>,
    /// Say what would travel and what cannot and why; nothing is touched
    #[arg(long, conflicts_with_all = ["resume", "yes", "expect_kek", "fail_fast"])]
    pub(super) plan: bool,
    /// Go on with the batch of the folder, or with the plan of this hash in the ledger; does only what is left
    #[arg(long, value_name = "HASH", num_args = 0..=1, conflicts_with = "manifest")]
    pub(super) resume: Option<Option<String>>,
    /// Import each key into its vault too, and verify it there
    #[cfg(feature = "vault")]
    #[arg(long)]
    pub(super) import: bool,
    /// Where the ledger is: a file, or postgres://… for several bridges [default: ledger.sqlite in the folder]
    #[arg(
        long,
        value_name = "FILE|URL",
        env = LEDGER_VARIABLE,
        hide_env_values = true
    )]
    pub(super) ledger: Option<String>,
    /// How many HSM workers wrap at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(super) jobs: u8,
    /// Write each receipt as a page to print, too, when the run has ended
    #[arg(long, conflicts_with = "plan")]
    pub(super) receipt_pages: bool,
    /// Begin nothing more once a key has failed
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Approve without asking if the KEK has this thumbprint, refuse if not; once for each KEK of the plan
    #[arg(long, value_name = "THUMBPRINT")]
    pub(super) expect_kek: Vec<String>,
    /// Approve without asking
    #[arg(long)]
    pub(super) yes: bool,
    #[cfg(feature = "vault")]
    #[command(flatten)]
    pub(super) online: Online,
}

impl Batch {
    /// Whether imports are asked for here.
    #[cfg(feature = "vault")]
    pub(super) fn imports(&self) -> bool {
        self.import
    }

    #[cfg(not(feature = "vault"))]
    #[allow(clippy::unused_self, reason = "the same face as with vaults")]
    pub(super) fn imports(&self) -> bool {
        false
    }

    /// The option that names the ledger, without a password, as it was given on this command line; else nothing.
    pub(super) fn ledger_option(&self) -> String {
        let by_environment = std::env::var(LEDGER_VARIABLE).ok();
        let place = self
            .ledger
            .as_ref()
            .filter(|given| Some(*given) != by_environment.as_ref());
        place
            .and_then(|given| given.parse::<LedgerPlace>().ok())
            .map_or_else(String::new, |place| format!(" --ledger {place}"))
    }

    pub(super) fn pages(&self) -> Pages {
        if self.receipt_pages {
            Pages::All
        } else {
            Pages::Kept
        }
    }
}
