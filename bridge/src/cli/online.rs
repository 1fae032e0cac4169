//! What a verb needs that speaks to a vault.

use std::time::Duration;

use clap::Args;
use keyferry_core::{Admission, VaultAddress};

use super::out::Out;
use super::sign_in::SignIn;
use crate::Error;
use crate::state::StateFolder;
use crate::vault::practice::RunningPractice;
use crate::vault::{Outward, Patience, PracticeTrust, VaultClient};

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Online {
    #[command(flatten)]
    pub(super) sign_in: SignIn,
    /// How many seconds to wait for a role that was given a moment ago
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    role_wait: u64,
}

impl Online {
    /// The way out, as these options and this state folder have it. A practice vault is known when one
    /// runs on the same state folder.
    pub(super) fn outward(
        &self,
        state: &StateFolder,
        admission: Admission,
        out: &Out,
    ) -> Result<Outward, Error> {
        let practice = RunningPractice::find(&state.folder("practice")?)?;
        let told = *out;
        let patience = Patience::new(Duration::from_secs(self.role_wait), move |wait| {
            told.note(&format!("waiting: {wait}"));
        });
        Ok(Outward::new(
            self.sign_in.credential,
            self.sign_in.tenant.clone(),
            admission,
            practice.map(PracticeTrust::from),
            patience,
        ))
    }

    /// A client of the vault at `address`, and the word of how it signs in.
    pub(super) fn connect(
        &self,
        state: &StateFolder,
        admission: Admission,
        address: &str,
        out: &Out,
    ) -> Result<VaultClient, Error> {
        let outward = self.outward(state, admission, out)?;
        let vault = VaultAddress::parse(address, outward.admission())?;
        announced(outward.connect(&vault)?, out)
    }
}

/// Says which credential is used; never its secret.
pub(super) fn announced(client: VaultClient, out: &Out) -> Result<VaultClient, Error> {
    out.line(&format!(
        "{}, signed in by {}",
        client.vault(),
        client.credential()
    ));
    Ok(client)
}
