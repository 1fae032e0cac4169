//! A file that is ready to be sent: read, checked by every rule, and agreed to.

use std::path::{Path, PathBuf};

use keyferry_core::{
    ApprovalKind, Blob, ImportPlan, ImportType, Kek, KeyName, MAX_BLOB, Receipt, Requester,
    VaultAddress, check_file,
};

use super::Import;
use super::kek::kek_of_kid;
use super::receipt::{Found, find_receipt};
use crate::Error;
use crate::approve::{ImportAction, VaultAction, VaultQuestion};
use crate::cli::{document, settings};
use crate::config::Settings;
use crate::digest::sha256_hex;
use crate::error::shown;
use crate::vault::{ImportSubject, Outward, TransferId, VaultClient};

/// What the file alone says; nothing was asked of a vault yet.
pub(super) struct Read {
    pub(super) path: PathBuf,
    pub(super) vault: VaultAddress,
    pub(super) name: KeyName,
    file: Vec<u8>,
    blob: Blob,
    found: Option<Found>,
    kind: ImportType,
    plan: ImportPlan,
}

/// A file that may be sent.
pub(super) struct Ready {
    pub(super) path: PathBuf,
    pub(super) name: KeyName,
    pub(super) file: Vec<u8>,
    pub(super) found: Option<Found>,
    pub(super) kind: ImportType,
    pub(super) plan: ImportPlan,
    pub(super) subject: ImportSubject,
    pub(super) approval: Option<ApprovalKind>,
}

impl Read {
    /// Reads the file and its receipt and checks what can be checked without the vault.
    pub(super) fn of(path: &Path, arguments: &Import, outward: &Outward) -> Result<Self, Error> {
        let file = document::read(path, MAX_BLOB)?;
        let blob = Blob::parse(&file, outward.admission())?;
        let found = find_receipt(arguments.receipt.as_deref(), path, &file, &blob)?;
        let kind = kind(arguments, path, found.as_ref())?;
        let vault = match &arguments.vault {
            Some(text) => VaultAddress::parse(text, outward.admission())?,
            None => VaultAddress::of(blob.kid()),
        };
        check_file(&blob, &vault, kind, None)?;
        let name = name(arguments, found.as_ref())?;
        let mut wishes = arguments.options.wishes()?;
        TransferId::random()?.mark(&mut wishes.tags);
        let plan = ImportPlan::new(kind, wishes)?;
        Ok(Self {
            path: path.to_owned(),
            vault,
            name,
            file,
            blob,
            found,
            kind,
            plan,
        })
    }

    /// Looks at the KEK as the vault has it now, and asks where an import asks.
    pub(super) async fn ready(
        self,
        arguments: &Import,
        settings: &Settings,
        client: &VaultClient,
    ) -> Result<Ready, Error> {
        let kek = kek_of(client, &self.blob, self.found.as_ref()).await?;
        check_file(&self.blob, &self.vault, self.kind, Some(kek.bits()))?;
        let subject = subject(&self.file, &self.blob, &kek, self.found.as_ref());
        let approval = consent(
            arguments, settings, client, &self.name, &self.plan, &subject,
        )
        .await?;
        Ok(Ready {
            path: self.path,
            name: self.name,
            file: self.file,
            found: self.found,
            kind: self.kind,
            plan: self.plan,
            subject,
            approval,
        })
    }
}

/// Type and curve, from the receipt or from the options; both have to agree.
fn kind(arguments: &Import, path: &Path, found: Option<&Found>) -> Result<ImportType, Error> {
    let said = arguments
        .kty
        .as_deref()
        .map(|kty| ImportType::parse(kty, arguments.curve.as_deref()))
        .transpose()?;
    let noted = found.map(|found| ImportType::of(found.receipt.target));
    match (said, noted) {
        (Some(said), Some(noted)) if said != noted => Err(Error::Usage(format!(
            "the receipt says that the key is {noted}, and the options say {said}"
        ))),
        (Some(kind), _) | (None, Some(kind)) => Ok(kind),
        (None, None) => Err(Error::Usage(format!(
            "{} has no receipt beside it: say what the key is with --kty and --curve, or name the receipt with --receipt",
            shown(path)
        ))),
    }
}

fn name(arguments: &Import, found: Option<&Found>) -> Result<KeyName, Error> {
    match (&arguments.name, found) {
        (Some(name), _) => Ok(name.clone()),
        (None, Some(found)) => Ok(KeyName::from_label(&found.receipt.key_label)),
        (None, None) => Err(Error::Usage(
            "say the key's name in the vault with --name".to_owned(),
        )),
    }
}

async fn kek_of(client: &VaultClient, blob: &Blob, found: Option<&Found>) -> Result<Kek, Error> {
    let noted = found.map(|found| found.receipt.kek_thumbprint_sha256.as_str());
    kek_of_kid(client, blob.kid(), noted).await
}

fn subject(file: &[u8], blob: &Blob, kek: &Kek, found: Option<&Found>) -> ImportSubject {
    let receipt = found.map(|found| &found.receipt);
    ImportSubject {
        file_sha256: sha256_hex(file),
        kek: blob.kid().as_str().to_owned(),
        kek_thumbprint_sha256: Some(kek.thumbprint().to_string()),
        target: receipt.map(|receipt| receipt.target),
        key_label: receipt.map(|receipt| receipt.key_label.clone()),
        key_id: receipt.map(|receipt| receipt.key_id.clone()),
        spki: receipt.and_then(Receipt::spki_der),
    }
}

/// Typing the verb is the consent of the command line; a key that can leave the vault again is asked
/// for every time.
async fn consent(
    arguments: &Import,
    settings: &Settings,
    client: &VaultClient,
    name: &KeyName,
    plan: &ImportPlan,
    subject: &ImportSubject,
) -> Result<Option<ApprovalKind>, Error> {
    if !plan.is_exportable() {
        return Ok(None);
    }
    if arguments.yes {
        return Ok(Some(ApprovalKind::ByFlag));
    }
    let Some(target) = subject.target else {
        return Err(Error::Usage(
            "an exportable key is imported with its receipt, or with --yes".to_owned(),
        ));
    };
    let action = import_action(name, plan, subject, target);
    let question = VaultQuestion {
        vault: client.vault().clone(),
        signed_in: client.credential().to_string(),
        action,
        asked_by: Requester::CommandLine,
    };
    let approval = settings::prompter(settings)?
        .confirm_vault(&question)
        .await?;
    Ok(Some(approval.consume(client.vault(), &question.action)?))
}

/// What a person is asked of an import.
pub(in crate::cli) fn import_action(
    name: &KeyName,
    plan: &ImportPlan,
    subject: &ImportSubject,
    target: keyferry_core::TargetKind,
) -> VaultAction {
    VaultAction::Import(Box::new(ImportAction {
        label: subject.key_label.clone(),
        name: name.as_str().to_owned(),
        target,
        file_sha256: subject.file_sha256.clone(),
        kek: subject.kek.clone(),
        plan: plan.clone(),
    }))
}
