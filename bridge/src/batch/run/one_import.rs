//! One key's import: settled where the vault may have been asked before, sent, and compared with the HSM's.

use keyferry_core::{
    AuditLine, Blob, ImportPlan, ImportType, KeyName, MAX_BLOB, MAX_RECEIPT, Receipt, Verification,
    check_file,
};

use super::course::Course;
use super::import::Asked;
use crate::Error;
use crate::batch::ledger::Detail;
use crate::batch::plan::{PlanLine, SpkiHash};
use crate::vault::{Expected, ImportSubject, Recorded, TransferId, VaultClient, VaultKey};

/// A key to import.
pub(super) struct OneImport<'a> {
    course: &'a Course,
    client: &'a VaultClient,
    line: &'a PlanLine,
    name: KeyName,
    plan: ImportPlan,
    files: Option<(Vec<u8>, Receipt)>,
}

/// How it went.
pub(super) enum Outcome {
    /// The vault has the key, and it was compared.
    Imported(Box<Imported>),
    /// The vault does not have it, and the file is not in this folder: it is wrapped anew.
    FileMissing,
}

/// A key that the vault has.
pub(super) struct Imported {
    /// Its identifier.
    pub(super) kid: String,
    /// What the comparison showed.
    pub(super) verification: Verification,
    /// The comparison's line in the record.
    pub(super) line: AuditLine,
    /// The receipt, where it is in this folder.
    pub(super) receipt: Option<Receipt>,
}

impl<'a> OneImport<'a> {
    pub(super) fn of(
        course: &'a Course,
        client: &'a VaultClient,
        line: &'a PlanLine,
        detail: &Detail,
        files: Option<(Vec<u8>, Receipt)>,
    ) -> Result<Self, Error> {
        let mark: TransferId = detail
            .mark
            .as_deref()
            .unwrap_or_default()
            .parse()
            .map_err(|_| Error::Internal("the ledger holds a mark that is none"))?;
        let mut wishes = line.wishes.to_import();
        mark.mark(&mut wishes.tags);
        Ok(Self {
            course,
            client,
            line,
            name: KeyName::parse(&line.name)?,
            plan: ImportPlan::new(ImportType::of(line.key.kind), wishes)?,
            files: files.or_else(|| read_files(course, line, detail)),
        })
    }

    pub(super) async fn perform(self, asked: Asked) -> Result<Outcome, Error> {
        let recorded = Recorded {
            client: self.client,
            audit: &self.course.audit,
            asked_by: self.course.prepared.asked_by(),
            approval: Some(self.course.approval_kind()),
        };
        let mut subject = self.subject();
        let found = match asked {
            Asked::Before => {
                let settled = recorded.settle_import(&self.name, &self.plan, &subject);
                settled.await?.map(|(key, _)| key)
            }
            Asked::Never => None,
        };
        let key = match (found, &self.files) {
            (Some(key), _) => key,
            (None, None) => return Ok(Outcome::FileMissing),
            (None, Some((file, _))) => {
                self.check(file)?;
                let made = recorded.import(&self.name, &self.plan, file, &subject);
                made.await?.key
            }
        };
        if subject.spki.is_none() {
            subject.spki = self.known_by_digest(&key);
        }
        let expected = Expected {
            kind: self.plan.kind(),
            spki: subject.spki.as_deref(),
        };
        let verified = recorded.verify(&self.name, &key, expected, &subject).await;
        let (verification, line) = verified.map_err(|error| Error::Unverified {
            kid: keyferry_core::visible(&key.kid),
            source: Box::new(error),
        })?;
        Ok(Outcome::Imported(Box::new(Imported {
            kid: key.kid,
            verification,
            line,
            receipt: self.files.map(|(_, receipt)| receipt),
        })))
    }

    /// That the file is for this vault, KEK and kind: what is sent was read from a disk.
    fn check(&self, file: &[u8]) -> Result<(), Error> {
        let blob = Blob::parse(file, self.client.admission())?;
        if *blob.kid().as_str() != *self.line.kid {
            return Err(Error::Internal("a file of the batch names another KEK"));
        }
        let bits = self.course.prepared.kek_bits(self.line);
        Ok(check_file(
            &blob,
            self.client.vault(),
            self.plan.kind(),
            bits,
        )?)
    }

    fn subject(&self) -> ImportSubject {
        let line = self.line;
        let receipt = self.files.as_ref().map(|(_, receipt)| receipt);
        ImportSubject {
            file_sha256: receipt.map_or_else(String::new, |receipt| receipt.file_sha256.clone()),
            kek: line.kid.to_string(),
            kek_thumbprint_sha256: Some(line.kek_thumbprint_sha256.to_string()),
            target: Some(line.key.kind),
            key_label: Some(line.key.label.clone()),
            key_id: Some(line.key.id.clone()),
            spki: receipt.and_then(Receipt::spki_der),
        }
    }

    /// The plan knows the HSM's public key by its digest: the vault's is it, or is none of it.
    fn known_by_digest(&self, key: &VaultKey) -> Option<Vec<u8>> {
        let digest = self.line.key.spki_sha256.as_ref()?;
        let spki = key.spki.clone().unwrap_or_default();
        if SpkiHash::of(&spki) == *digest {
            Some(spki)
        } else {
            Some(Vec::new())
        }
    }
}

/// File and receipt of a line, if they are in this folder and are the ones that the ledger names.
fn read_files(course: &Course, line: &PlanLine, detail: &Detail) -> Option<(Vec<u8>, Receipt)> {
    let names = course.folder.files(line);
    let file = course.folder.read(&names.blob, MAX_BLOB)?;
    let receipt = course.folder.read(&names.receipt, MAX_RECEIPT)?;
    let receipt = Receipt::parse(&receipt).ok()?;
    let named = detail.file_sha256.as_deref();
    (named == Some(receipt.file_sha256.as_str())
        && receipt.check_file(&file).is_ok()
        && *receipt.kid == *line.kid
        && receipt.key_id == line.key.id)
        .then_some((file, receipt))
}
