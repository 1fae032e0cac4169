//! Where a rehearsal takes place: the practice vault that runs on this state folder, or one of its own.

use keyferry_core::{Kek, KekBits, KekSource, KeyName, VaultAddress};

use crate::Error;
use crate::cli::steps::Steps;
use crate::clock;
use crate::error::shown;
use crate::state::StateFolder;
use crate::vault::practice::RunningPractice;
use crate::vault::{
    KekWishes, Outward, Patience, PracticeTrust, PracticeVault, VaultClient, VaultError,
};

/// The KEK's name in the practice vault, as in the documentation of Azure.
const KEK_NAME: &str = "KEKforBYOK";

/// A practice vault, and its client.
pub(super) struct Ground {
    client: VaultClient,
    /// Ends with the rehearsal.
    own: Option<PracticeVault>,
}

impl Ground {
    /// Uses the practice vault that runs on this state folder; where none runs, starts one.
    pub(super) async fn find(state: &StateFolder) -> Result<Self, Error> {
        if let Some(running) = RunningPractice::find(&state.folder("practice")?)? {
            let url = running.base_url();
            let trust = PracticeTrust {
                authority: running.authority,
                ca_der: running.ca_der,
            };
            let outward = Outward::to_practice(trust, Patience::none());
            let address = VaultAddress::parse(&url, outward.admission())?;
            let client = outward.connect(&address)?;
            return Ok(Self { client, own: None });
        }
        let vault = PracticeVault::start().await?;
        Ok(Self {
            client: VaultClient::practice(&vault)?,
            own: Some(vault),
        })
    }

    pub(super) fn client(&self) -> &VaultClient {
        &self.client
    }

    /// Has the vault make a KEK, and examines it like any other.
    pub(super) async fn kek(&self, bits: KekBits, steps: &Steps) -> Result<Kek, Error> {
        let begun = steps.begin("making the practice vault's KEK");
        let name = KeyName::parse(KEK_NAME)?;
        let wishes = KekWishes::default();
        let key = self.client.create_kek(&name, bits, &wishes).await?;
        let kek = Kek::admit(&KekSource {
            document: &key.document,
            beside: None,
            kid: None,
            now: clock::now(),
            admission: self.client.admission(),
        })?;
        // The practice CA of this very run served it, so it cannot be another's.
        if !kek.kid().is_practice() {
            return Err(VaultError::NoPractice(shown(kek.kid().as_str())).into());
        }
        let whose = match self.own {
            Some(_) => "of this rehearsal",
            None => "that runs on this state folder",
        };
        begun.done(
            "practice vault",
            &format!(
                "{}, {whose}, made an RSA-HSM-{} KEK",
                self.client.vault(),
                bits.bits()
            ),
        );
        steps.line("", &format!("thumbprint {}", kek.thumbprint().grouped()));
        Ok(kek)
    }
}
