//! One disposable key's way: made on the token, wrapped, imported, verified, destroyed.

use std::future::ready;
use std::path::Path;
use std::time::Instant;

use keyferry_core::{
    ImportPlan, ImportType, ImportWishes, Kek, KeyName, Requester, TargetKind, Verification,
    file_name,
};

use super::report::{Arrival, KeyReport};
use crate::Error;
use crate::approve::PracticeRehearsal;
use crate::audit_log::AuditLog;
use crate::cli::output_file::{Existing, OutputFile};
use crate::cli::steps::Steps;
use crate::config::SoftwareKeys;
use crate::hsm::RehearsalKey;
use crate::session::TokenSession;
use crate::transfer::{self, Transfer, TransferOrder};
use crate::vault::{Expected, VaultClient, VaultKey, verify};

/// What all journeys of a rehearsal share.
pub(super) struct Journey<'a> {
    pub(super) session: &'a TokenSession,
    pub(super) audit: &'a AuditLog,
    pub(super) client: &'a VaultClient,
    pub(super) steps: &'a Steps,
    pub(super) kek: &'a Kek,
    /// Where the files stay, if they do.
    pub(super) keep: Option<&'a Path>,
}

impl Journey<'_> {
    /// The whole way. What goes wrong on it is this kind's verdict, and the next kind has its turn.
    pub(super) async fn travel(&self, kind: TargetKind) -> KeyReport {
        let began = Instant::now();
        let begun = self.steps.begin("rehearsing");
        let arrived = self.attempt(kind).await;
        // One at a time: a small token may have room for one key alone.
        let destroyed = self.session.destroy_rehearsal_keys(self.audit).await;
        begun.clear();
        let report = match (arrived, destroyed) {
            (Ok(arrival), Ok(_)) => KeyReport::arrived(kind, arrival),
            // What is left is tried once more at the end, and told there.
            (Err(error), _) | (_, Err(error)) => KeyReport::failed(kind, &error),
        };
        self.steps
            .took(kind.name(), &report.in_words(), began.elapsed());
        report
    }

    async fn attempt(&self, kind: TargetKind) -> Result<Arrival, Error> {
        let name = KeyName::from_label(&format!("rehearsal-{kind}"));
        let output = self
            .keep
            .map(|folder| folder.join(file_name(name.as_str())))
            .map(|path| Ok::<_, Error>((OutputFile::check(&path, Existing::Keep)?, path)))
            .transpose()?;
        let key = self.session.make_rehearsal_key(self.audit, kind).await?;
        let transfer = self.wrap(&key).await?;
        let file = transfer.blob.to_bytes();
        let kept = match output {
            Some((output, path)) => {
                output.write(&file)?;
                Some(path)
            }
            None => None,
        };
        let (imported, verification) = self.import(&name, kind, &transfer, &file).await?;
        Ok(Arrival {
            transfer,
            imported,
            verification,
            file: kept,
        })
    }

    async fn wrap(&self, key: &RehearsalKey) -> Result<Transfer, Error> {
        let order = TransferOrder {
            kek: self.kek.clone(),
            key: key.selector(),
            asked_by: Requester::CommandLine,
            software: SoftwareKeys::Refused,
            unproven: None,
            attestation: None,
        };
        let mut consent = PracticeRehearsal {
            key,
            kek: *self.kek.thumbprint(),
        };
        transfer::wrap(
            self.session,
            order,
            &mut consent,
            self.audit,
            |_| {},
            ready(()),
        )
        .await
    }

    async fn import(
        &self,
        name: &KeyName,
        kind: TargetKind,
        transfer: &Transfer,
        file: &[u8],
    ) -> Result<(VaultKey, Verification), Error> {
        let plan = ImportPlan::new(ImportType::of(kind), ImportWishes::default())?;
        let imported = self.client.import(name, &plan, file).await?;
        let expected = Expected {
            kind: ImportType::of(kind),
            spki: transfer.spki.as_deref(),
        };
        let verification = verify(self.client, name, &imported, expected).await?;
        Ok((imported, verification))
    }
}
