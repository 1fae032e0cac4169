//! What changes a vault, with its record: an intent line is on disk before the vault is asked, an
//! outcome line before the caller hears of it. A call whose end is unknown is settled by asking the
//! vault; what even that leaves open is told as it is.

use super::client::VaultClient;
use super::client_change::KekWishes;
use super::error::VaultError;
use super::key::VaultKey;
use super::mark::{Signs, find};
use super::verify::{Expected, verify};
use crate::Error;
use crate::audit_log::AuditLog;
use std::time::Duration;

use keyferry_core::{
    ApprovalKind, AuditEntry, AuditEvent, AuditLine, ImportPlan, KekBits, KeyName, Kid, Outcome,
    Requester, Retirement, TargetKind, Verification,
};

/// How often the vault is asked for what an earlier, unfinished call may have made.
const SETTLING_TRIES: u32 = 4;
/// How long between.
const SETTLING_PAUSE: Duration = Duration::from_secs(1);

/// A client whose changes are recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// The vault.
    pub client: &'a VaultClient,
    /// The record.
    pub audit: &'a AuditLog,
    /// Who asks.
    pub asked_by: Requester,
    /// How consent was given, where it was asked for.
    pub approval: Option<ApprovalKind>,
}

/// What is known of a file that is imported: what the record and the comparison need.
#[derive(Debug, Clone, Default)]
pub struct ImportSubject {
    /// SHA-256 of the file, hexadecimal.
    pub file_sha256: String,
    /// The KEK that it was wrapped to.
    pub kek: String,
    /// SHA-256 of the KEK's SubjectPublicKeyInfo.
    pub kek_thumbprint_sha256: Option<String>,
    /// What kind of key.
    pub target: Option<TargetKind>,
    /// `CKA_LABEL`.
    pub key_label: Option<String>,
    /// `CKA_ID`, hexadecimal.
    pub key_id: Option<String>,
    /// The HSM's public key, SubjectPublicKeyInfo DER.
    pub spki: Option<Vec<u8>>,
}

/// A key version that came about, and its outcome line.
#[derive(Debug)]
pub struct Made {
    /// As the vault gives it.
    pub key: VaultKey,
    /// The outcome's line in the record.
    pub record: AuditLine,
    /// Why the vault had to be asked whether it came about; none when it said so itself.
    pub settled: Option<VaultError>,
}

impl Recorded<'_> {
    /// Makes a KEK.
    ///
    /// # Errors
    /// What the record or the vault says. A KEK without a mark among its tags cannot be found again
    /// when the answer is lost.
    pub async fn create_kek(
        &self,
        name: &KeyName,
        bits: KekBits,
        wishes: &KekWishes,
    ) -> Result<Made, Error> {
        let mut entry = self.entry(AuditEvent::KekCreateOutcome);
        entry.vault_kid = Some(self.client.vault().kid(name, None));
        self.intend(AuditEvent::KekCreateIntent, &entry).await?;
        let answer = self.client.create_kek(name, bits, wishes).await;
        let signs = Signs {
            tags: &wishes.tags,
            spki: None,
        };
        self.conclude(name, answer, signs, entry).await
    }

    /// Imports a file.
    ///
    /// # Errors
    /// What the record or the vault says.
    pub async fn import(
        &self,
        name: &KeyName,
        plan: &ImportPlan,
        file: &[u8],
        subject: &ImportSubject,
    ) -> Result<Made, Error> {
        let mut entry = self.subject_entry(AuditEvent::ImportOutcome, subject);
        entry.vault_kid = Some(self.client.vault().kid(name, None));
        self.intend(AuditEvent::ImportIntent, &entry).await?;
        let answer = self.client.import(name, plan, file).await;
        let signs = Signs {
            tags: plan.tags(),
            spki: subject.spki.as_deref(),
        };
        self.conclude(name, answer, signs, entry).await
    }

    /// Finds what an earlier, unfinished call may have made; recorded when it had.
    ///
    /// # Errors
    /// What the vault or the record says.
    pub async fn settle_import(
        &self,
        name: &KeyName,
        plan: &ImportPlan,
        subject: &ImportSubject,
    ) -> Result<Option<(VaultKey, AuditLine)>, Error> {
        let signs = Signs {
            tags: plan.tags(),
            spki: subject.spki.as_deref(),
        };
        let entry = self.subject_entry(AuditEvent::ImportOutcome, subject);
        self.settle(name, signs, entry).await
    }

    /// The same for a KEK.
    ///
    /// # Errors
    /// What the vault or the record says.
    pub async fn settle_kek(
        &self,
        name: &KeyName,
        wishes: &KekWishes,
    ) -> Result<Option<(VaultKey, AuditLine)>, Error> {
        let signs = Signs {
            tags: &wishes.tags,
            spki: None,
        };
        let entry = self.entry(AuditEvent::KekCreateOutcome);
        self.settle(name, signs, entry).await
    }

    /// Compares an imported key with the HSM's; the outcome is in the record whatever it is.
    ///
    /// # Errors
    /// What the vault or the record says. A comparison that turns out badly is none.
    pub async fn verify(
        &self,
        name: &KeyName,
        key: &VaultKey,
        expected: Expected<'_>,
        subject: &ImportSubject,
    ) -> Result<(Verification, AuditLine), Error> {
        let mut entry = self.subject_entry(AuditEvent::Verify, subject);
        entry.vault_kid = Some(key.kid.clone());
        match verify(self.client, name, key, expected).await {
            Ok(verification) => {
                entry.verified = Some(verification.summary());
                if !verification.holds() {
                    entry.outcome = Outcome::Failed;
                    entry.code = verification
                        .findings
                        .iter()
                        .find(|finding| finding.is_error())
                        .map(|finding| finding.code.clone());
                }
                let line = self.audit.append(entry).await?;
                Ok((verification, line))
            }
            Err(error) => Err(self.failed(entry, error.into()).await),
        }
    }

    /// Disables a KEK's version, or deletes the KEK.
    ///
    /// # Errors
    /// A kid without a version, another vault's kid; what the vault or the record says.
    pub async fn retire(&self, kid: &Kid, how: Retirement) -> Result<AuditLine, Error> {
        let name = KeyName::parse(kid.key_name())?;
        let version = kid.version().ok_or_else(|| {
            Error::Usage("a KEK is retired by its identifier with version".to_owned())
        })?;
        if !self.client.vault().holds(kid) {
            return Err(Error::Usage(format!(
                "{} is no key of {}",
                keyferry_core::visible(kid.as_str()),
                self.client.vault()
            )));
        }
        let mut entry = self.entry(AuditEvent::KekRetireOutcome);
        entry.kid = Some(kid.as_str().to_owned());
        entry.vault_kid = Some(kid.as_str().to_owned());
        entry.retirement = Some(
            match how {
                Retirement::Disable => "disable",
                Retirement::Delete => "delete",
            }
            .to_owned(),
        );
        self.intend(AuditEvent::KekRetireIntent, &entry).await?;
        let done = match how {
            Retirement::Disable => self.client.disable(&name, version).await.map(|_| ()),
            Retirement::Delete => self.client.delete(&name).await,
        };
        match done {
            Ok(()) => self.audit.append(entry).await,
            Err(error) => Err(self.failed(entry, error.into()).await),
        }
    }

    async fn conclude(
        &self,
        name: &KeyName,
        answer: Result<VaultKey, VaultError>,
        signs: Signs<'_>,
        mut entry: AuditEntry,
    ) -> Result<Made, Error> {
        let (key, settled) = match answer {
            Ok(key) => (key, None),
            Err(error) if error.may_have_landed() => {
                match find(self.client, name, signs).await {
                    Ok(Some(key)) => (key, Some(error)),
                    // Not there, or not to be asked: the first failure is the one to tell.
                    Ok(None) | Err(_) => return Err(self.failed(entry, error.into()).await),
                }
            }
            Err(error) => return Err(self.failed(entry, error.into()).await),
        };
        entry.vault_kid = Some(key.kid.clone());
        let record = self.audit.append(entry).await?;
        Ok(Made {
            key,
            record,
            settled,
        })
    }

    async fn settle(
        &self,
        name: &KeyName,
        signs: Signs<'_>,
        mut entry: AuditEntry,
    ) -> Result<Option<(VaultKey, AuditLine)>, Error> {
        // A call that was cut off may still be at work in the vault: an HSM takes its time.
        let mut found = find(self.client, name, signs).await?;
        for _ in 1..SETTLING_TRIES {
            if found.is_some() {
                break;
            }
            tokio::time::sleep(SETTLING_PAUSE).await;
            found = find(self.client, name, signs).await?;
        }
        let Some(key) = found else {
            return Ok(None);
        };
        entry.vault_kid = Some(key.kid.clone());
        let line = self.audit.append(entry).await?;
        Ok(Some((key, line)))
    }

    async fn intend(&self, event: AuditEvent, entry: &AuditEntry) -> Result<(), Error> {
        let intent = AuditEntry {
            event,
            outcome: Outcome::Intended,
            ..entry.clone()
        };
        self.audit.append(intent).await.map(|_| ())
    }

    /// Records a failure; the record's own comes first, because it stops everything.
    async fn failed(&self, mut entry: AuditEntry, error: Error) -> Error {
        entry.outcome = Outcome::Failed;
        entry.code = Some(error.code().to_owned());
        match self.audit.append(entry).await {
            Ok(_) => error,
            Err(record) => record,
        }
    }

    fn entry(&self, event: AuditEvent) -> AuditEntry {
        let mut entry = AuditEntry::new(event, Outcome::Done, self.asked_by);
        entry.credential = Some(self.client.credential().to_string());
        entry.approval = self.approval;
        entry
    }

    fn subject_entry(&self, event: AuditEvent, subject: &ImportSubject) -> AuditEntry {
        let mut entry = self.entry(event);
        entry.kid = Some(subject.kek.clone());
        entry
            .kek_thumbprint_sha256
            .clone_from(&subject.kek_thumbprint_sha256);
        entry.file_sha256 = Some(subject.file_sha256.clone());
        entry.target = subject.target;
        entry.key_label.clone_from(&subject.key_label);
        entry.key_id.clone_from(&subject.key_id);
        entry
    }
}
