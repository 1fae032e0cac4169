//! The way to the vaults of a plan, where this build and these options have one.

use keyferry_core::{Admission, Kek};

use super::args::Batch;
use crate::Error;
use crate::batch::plan::Plan;
use crate::cli::out::Out;
use crate::config::Settings;

/// How vaults are reached, and which kids that admits.
#[cfg(feature = "vault")]
pub(super) struct Way(crate::vault::Outward);

#[cfg(not(feature = "vault"))]
pub(super) struct Way(Admission);

/// A KEK, its document, and its attestation.
pub(super) type Fetched = (Kek, Vec<u8>, Option<Vec<u8>>);

/// The vaults of a plan whose keys are imported.
pub(super) struct Vaults {
    /// How each is signed in to.
    pub(super) words: String,
    #[cfg(feature = "vault")]
    pub(super) clients:
        std::collections::BTreeMap<String, std::sync::Arc<crate::vault::VaultClient>>,
}

#[cfg(feature = "vault")]
impl Way {
    pub(super) fn of(settings: &Settings, arguments: &Batch, out: &Out) -> Result<Self, Error> {
        let admission = settings.file.admission(None)?;
        let outward = arguments.online.outward(&settings.state, admission, out)?;
        Ok(Self(outward))
    }

    /// Which kids are admitted: a practice vault's only while it runs.
    pub(super) fn admission(&self) -> &Admission {
        self.0.admission()
    }

    /// A KEK as its vault has it now, its document, and its attestation where the vault has one.
    pub(super) async fn fetch(&self, kid: &str) -> Result<Fetched, Error> {
        use keyferry_core::{KekSource, KeyName, Kid, VaultAddress};
        let kid = Kid::parse(kid, self.admission())?;
        let client = self.0.connect(&VaultAddress::of(&kid))?;
        let name = KeyName::parse(kid.key_name())?;
        let key = client.show(&name, kid.version()).await?;
        let kek = Kek::admit(&KekSource {
            document: &key.document,
            beside: None,
            kid: None,
            now: crate::clock::now(),
            admission: client.admission(),
        })?;
        let attestation = client.attestation(&name, &key.version).await?;
        Ok((kek, key.document, attestation))
    }

    /// How many names of a plan are in their vaults already; nothing is asked unless keys are to be imported.
    pub(super) async fn present(&self, import: bool, plan: &Plan) -> Result<u64, Error> {
        let Some(vaults) = self.clients(import, plan)? else {
            return Ok(0);
        };
        let mut present = 0;
        for (url, client) in &vaults.clients {
            let names: std::collections::HashSet<String> = client
                .list()
                .await?
                .into_iter()
                .map(|listed| listed.name.as_str().to_ascii_lowercase())
                .collect();
            let lines = plan.lines().iter().filter(|line| *line.vault == **url);
            let met = lines.filter(|line| names.contains(&line.name.to_ascii_lowercase()));
            present += super::count(met.count());
        }
        Ok(present)
    }

    /// Clients of the plan's vaults, if its keys are imported. Nothing is sent yet.
    pub(super) fn clients(&self, import: bool, plan: &Plan) -> Result<Option<Vaults>, Error> {
        if !import {
            return Ok(None);
        }
        let mut clients = std::collections::BTreeMap::new();
        let mut words: Vec<String> = Vec::new();
        for vault in &plan.header().vaults {
            let address = keyferry_core::VaultAddress::parse(&vault.url, self.admission())?;
            let client = self.0.connect(&address)?;
            let credential = client.credential().to_string();
            if !words.contains(&credential) {
                words.push(credential);
            }
            clients.insert(vault.url.clone(), std::sync::Arc::new(client));
        }
        Ok(Some(Vaults {
            words: words.join(", "),
            clients,
        }))
    }
}

#[cfg(not(feature = "vault"))]
#[allow(clippy::unused_async, reason = "the same face as with vaults")]
impl Way {
    pub(super) fn of(settings: &Settings, _arguments: &Batch, _out: &Out) -> Result<Self, Error> {
        settings.file.admission(None).map(Self)
    }

    pub(super) fn admission(&self) -> &Admission {
        &self.0
    }

    pub(super) async fn fetch(&self, kid: &str) -> Result<Fetched, Error> {
        Err(Error::Usage(format!(
            "this build speaks to no vault: load {} into a file with `az keyvault key show -o json`",
            keyferry_core::visible(kid)
        )))
    }

    pub(super) async fn present(&self, _import: bool, _plan: &Plan) -> Result<u64, Error> {
        Ok(0)
    }

    pub(super) fn clients(&self, import: bool, _plan: &Plan) -> Result<Option<Vaults>, Error> {
        if import {
            return Err(Error::Usage(
                "this batch was begun with its imports, and this build speaks to no vault: go on with it where it was begun"
                    .to_owned(),
            ));
        }
        Ok(None)
    }
}
