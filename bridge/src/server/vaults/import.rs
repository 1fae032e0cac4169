//! The import that the page asks for, and the comparison after it.

use std::sync::Arc;

use keyferry_core::{
    AuditEntry, AuditEvent, ImportPlan, ImportStage, ImportType, VaultAddress, VaultImportAnswer,
    VaultImportEvent, WrapRecord, check_file,
};

use super::present::{Vaults, entry};
use super::recent::Wrapped;
use crate::Error;
use crate::approve::{ImportAction, VaultAction};
use crate::digest::sha256_hex;
use crate::server::desk::ImportOrder;
use crate::vault::{Expected, ImportSubject, VaultClient};

impl Vaults {
    /// Imports a file that this run wrapped, and compares what the vault then holds with what the token showed.
    pub(in crate::server) async fn import(
        &self,
        order: ImportOrder,
        observe: impl Fn(VaultImportEvent) + Send + Sync + 'static,
    ) -> Result<VaultImportAnswer, Error> {
        let tell: Arc<dyn Fn(VaultImportEvent) + Send + Sync> = Arc::new(observe);
        let observe = |stage| tell(VaultImportEvent::Stage { stage });
        observe(ImportStage::Checking);
        let wrapped = self
            .transfers
            .find(&order.blob)
            .ok_or(Error::TransferUnknown)?;
        let kind = ImportType::of(wrapped.target);
        let vault = VaultAddress::of(order.blob.kid());
        check_file(&order.blob, &vault, kind, None)?;
        let mut wishes = order.wishes.clone();
        wrapped.mark.mark(&mut wishes.tags);
        let plan = ImportPlan::new(kind, wishes)?;
        let (client, _listening) = self.way.import_client(&vault, Arc::clone(&tell))?;

        observe(ImportStage::Approving);
        let subject = subject(&order, &wrapped);
        let action = VaultAction::Import(Box::new(action(&order, &wrapped, &plan)));
        let entry = refusal(&client, &order, &subject);
        let approval = self.agree(&client, action, entry).await?;
        let recorded = self.recorded(&client, approval);

        observe(ImportStage::Importing);
        let name = &order.name;
        // An earlier try may have landed unseen. It is found by its mark before anything is sent again.
        let found = if self.transfers.try_as(&wrapped.mark, name) {
            recorded.settle_import(name, &plan, &subject).await?
        } else {
            None
        };
        let (imported, settled) = match found {
            Some((key, _)) => (key, true),
            None => {
                let made = recorded.import(name, &plan, &order.file, &subject).await?;
                (made.key, made.settled.is_some())
            }
        };

        observe(ImportStage::Verifying);
        let expected = Expected {
            kind,
            spki: wrapped.spki.as_deref(),
        };
        let (verification, line) = recorded.verify(name, &imported, expected, &subject).await?;
        Ok(VaultImportAnswer {
            file_sha256: subject.file_sha256,
            kid: imported.kid,
            target: wrapped.target,
            settled,
            verification,
            audit: WrapRecord {
                seq: line.seq,
                hash: line.hash.to_string(),
            },
        })
    }
}

fn subject(order: &ImportOrder, wrapped: &Wrapped) -> ImportSubject {
    ImportSubject {
        file_sha256: sha256_hex(&order.file),
        kek: order.blob.kid().as_str().to_owned(),
        kek_thumbprint_sha256: Some(wrapped.kek_thumbprint_sha256.clone()),
        target: Some(wrapped.target),
        key_label: Some(wrapped.label.clone()),
        key_id: None,
        spki: wrapped.spki.clone(),
    }
}

/// The line that says that a person did not agree.
fn refusal(client: &VaultClient, order: &ImportOrder, subject: &ImportSubject) -> AuditEntry {
    let mut entry = entry(AuditEvent::ImportOutcome, client);
    entry.key_label.clone_from(&subject.key_label);
    entry.target = subject.target;
    entry.kid = Some(subject.kek.clone());
    entry.file_sha256 = Some(subject.file_sha256.clone());
    entry.vault_kid = Some(client.vault().kid(&order.name, None));
    entry
}

fn action(order: &ImportOrder, wrapped: &Wrapped, plan: &ImportPlan) -> ImportAction {
    ImportAction {
        label: Some(wrapped.label.clone()),
        name: order.name.as_str().to_owned(),
        target: wrapped.target,
        file_sha256: sha256_hex(&order.file),
        kek: order.blob.kid().as_str().to_owned(),
        plan: plan.clone(),
    }
}
