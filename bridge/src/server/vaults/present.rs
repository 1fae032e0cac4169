//! The vaults, where this build has a client for them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use keyferry_core::{
    Admission, ApprovalKind, AuditEntry, AuditEvent, Kid, Outcome, Requester, Retirement,
    RetirementAnswer, Thumbprint, VaultAccess, VaultAddress, VaultKek, VaultKeysAnswer,
};

use super::listing;
use super::recent::Recent;
use super::record::refused;
use super::way::Way;
use crate::Error;
use crate::approve::{Prompter, VaultAction, VaultQuestion};
use crate::audit_log::AuditLog;
use crate::config::VaultReach;
use crate::server::desk::NewKek;
use crate::transfer::Transfer;
use crate::vault::{KekWishes, Recorded, TransferId, VaultClient, VaultKey};

/// The vaults that this run may speak to.
pub(in crate::server) struct Vaults {
    pub(super) way: Way,
    prompter: Prompter,
    audit: Arc<AuditLog>,
    /// Vaults that a person let this run sign in to.
    signed_in: Mutex<BTreeSet<String>>,
    pub(super) transfers: Recent,
}

impl Vaults {
    pub(in crate::server) fn new(
        reach: VaultReach,
        admission: &Admission,
        prompter: Prompter,
        audit: Arc<AuditLog>,
    ) -> Self {
        Self {
            way: Way::new(reach, admission),
            prompter,
            audit,
            signed_in: Mutex::default(),
            transfers: Recent::default(),
        }
    }

    pub(in crate::server) fn access(&self) -> VaultAccess {
        self.way.access()
    }

    /// Remembers what a token said of a key that it wrapped.
    pub(in crate::server) fn keep(&self, transfer: &Transfer, kek: &Thumbprint) {
        self.transfers.keep(transfer, kek);
    }

    /// A vault's keys.
    pub(in crate::server) async fn keys(
        &self,
        vault: &VaultAddress,
    ) -> Result<VaultKeysAnswer, Error> {
        listing::keys(&self.reading(vault).await?).await
    }

    /// A KEK's document.
    pub(in crate::server) async fn kek(&self, kid: &Kid) -> Result<VaultKek, Error> {
        let client = self.reading(&VaultAddress::of(kid)).await?;
        let (name, version) = listing::parts(kid)?;
        document(client.show(&name, version).await?)
    }

    /// Makes a KEK.
    pub(in crate::server) async fn create_kek(
        &self,
        kek: NewKek,
        approved: impl FnOnce() + Send + 'static,
    ) -> Result<VaultKek, Error> {
        let client = self.way.client(&kek.vault)?;
        let action = VaultAction::CreateKek {
            name: kek.name.as_str().to_owned(),
            bits: kek.bits,
            expires: kek.expires,
        };
        let mut entry = entry(AuditEvent::KekCreateOutcome, &client);
        entry.vault_kid = Some(kek.vault.kid(&kek.name, None));
        let approval = self.agree(&client, action, entry).await?;
        approved();
        let mut wishes = KekWishes {
            expires: kek.expires,
            ..KekWishes::default()
        };
        TransferId::random()?.mark(&mut wishes.tags);
        let made = self
            .recorded(&client, approval)
            .create_kek(&kek.name, kek.bits, &wishes)
            .await?;
        document(made.key)
    }

    /// Disables a KEK's version, or deletes the KEK.
    pub(in crate::server) async fn retire_kek(
        &self,
        kid: &Kid,
        how: Retirement,
        approved: impl FnOnce() + Send + 'static,
    ) -> Result<RetirementAnswer, Error> {
        let client = self.way.client(&VaultAddress::of(kid))?;
        let action = VaultAction::RetireKek {
            kid: kid.as_str().to_owned(),
            how,
        };
        let mut entry = entry(AuditEvent::KekRetireOutcome, &client);
        entry.vault_kid = Some(kid.as_str().to_owned());
        let approval = self.agree(&client, action, entry).await?;
        approved();
        self.recorded(&client, approval).retire(kid, how).await?;
        Ok(RetirementAnswer {
            kid: kid.as_str().to_owned(),
            how,
        })
    }

    /// A client whose changes are recorded as what the page asked for and a person agreed to.
    pub(super) fn recorded<'a>(
        &'a self,
        client: &'a VaultClient,
        approval: ApprovalKind,
    ) -> Recorded<'a> {
        Recorded {
            client,
            audit: &self.audit,
            asked_by: Requester::Page,
            approval: Some(approval),
        }
    }

    /// A client for reading. The first time in a run a person is asked whether to sign in there at all: a page
    /// that names a vault of its own would else learn who its user is.
    pub(super) async fn reading(&self, vault: &VaultAddress) -> Result<VaultClient, Error> {
        let client = self.way.client(vault)?;
        if !vault.is_practice() && !self.knows(vault) {
            self.ask(&client, VaultAction::Read).await?;
        }
        Ok(client)
    }

    fn knows(&self, vault: &VaultAddress) -> bool {
        let known = self
            .signed_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.contains(&vault.url())
    }

    /// Asks for a change; a no is in the record too, as `entry`.
    pub(super) async fn agree(
        &self,
        client: &VaultClient,
        action: VaultAction,
        entry: AuditEntry,
    ) -> Result<ApprovalKind, Error> {
        match self.ask(client, action).await {
            Ok(kind) => Ok(kind),
            Err(error) => Err(refused(&self.audit, entry, error).await?),
        }
    }

    /// Asks, and uses the approval up. Whoever agreed to anything in a vault agreed to sign in to it.
    async fn ask(&self, client: &VaultClient, action: VaultAction) -> Result<ApprovalKind, Error> {
        let question = VaultQuestion {
            vault: client.vault().clone(),
            signed_in: client.credential().to_string(),
            action,
            asked_by: Requester::Page,
        };
        let approval = self.prompter.confirm_vault(&question).await?;
        let kind = approval.consume(client.vault(), &question.action)?;
        let mut known = self
            .signed_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(client.vault().url());
        Ok(kind)
    }
}

/// A line about this vault, which the page asked for.
pub(super) fn entry(event: AuditEvent, client: &VaultClient) -> AuditEntry {
    let mut entry = AuditEntry::new(event, Outcome::Refused, Requester::Page);
    entry.credential = Some(client.credential().to_string());
    entry
}

fn document(key: VaultKey) -> Result<VaultKek, Error> {
    Ok(VaultKek {
        kid: key.kid,
        document: String::from_utf8(key.document)
            .map_err(|_| Error::Internal("a document that is no text"))?,
    })
}
