//! `vault import`: a `.byok` file into a vault, and a look at what the vault then holds.

use std::path::{Path, PathBuf};

use clap::Args;
use keyferry_core::{
    ApprovalKind, Blob, ImportPlan, ImportRecord, ImportType, Kek, KekSource, KeyName, MAX_BLOB,
    MAX_RECEIPT, Receipt, RecordPlace, Requester, VaultAddress, Verification, check_file, visible,
};
use serde::Serialize;

use super::import_options::ImportOptions;
use crate::Error;
use crate::approve::{ImportAction, VaultAction, VaultQuestion};
use crate::audit_log::AuditLog;
use crate::cli::args::Global;
use crate::cli::online::{Online, announced};
use crate::cli::out::Out;
use crate::cli::output_file::{Existing, OutputFile};
use crate::cli::run::Ending;
use crate::cli::{document, kek, settings, wrap};
use crate::config::Settings;
use crate::digest::sha256_hex;
use crate::error::shown;
use crate::vault::{Expected, ImportSubject, Recorded, TransferId, Trouble, VaultClient, VaultKey};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The key transfer file
    #[arg(value_name = "FILE.byok")]
    file: PathBuf,
    /// The vault's or Managed HSM's address [default: that of the file's KEK]
    #[arg(long, value_name = "URL")]
    vault: Option<String>,
    /// The key's name in the vault [default: by its label in the HSM]
    #[arg(long, value_name = "NAME")]
    name: Option<KeyName>,
    /// The receipt of the file [default: the one beside it]
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// What the key is, for a file without a receipt: RSA, EC or oct
    #[arg(long, value_name = "TYPE")]
    kty: Option<String>,
    /// An EC key's curve: P-256, P-384, P-521 or P-256K
    #[arg(long, value_name = "CURVE", requires = "kty")]
    curve: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: ImportOptions,
    #[command(flatten)]
    online: Online,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    kid: String,
    vault: String,
    name: String,
    kty: String,
    curve: Option<&'static str>,
    file_sha256: String,
    credential: String,
    holds: bool,
    verification: Verification,
    settled: Option<&'static str>,
    receipt: Option<String>,
    audit: RecordPlace,
}

/// A receipt and where it lies.
struct Found {
    receipt: Receipt,
    path: PathBuf,
}

pub(super) async fn run(global: &Global, arguments: &Import, out: &Out) -> Result<Ending, Error> {
    let settings = global.settings()?;
    let admission = settings.file.admission(None)?;
    let outward = arguments.online.outward(&settings.state, admission, out)?;
    let file = document::read(&arguments.file, MAX_BLOB)?;
    let blob = Blob::parse(&file, outward.admission())?;
    let found = find_receipt(arguments, &file, &blob)?;
    let kind = kind(arguments, found.as_ref())?;
    let vault = match &arguments.vault {
        Some(text) => VaultAddress::parse(text, outward.admission())?,
        None => VaultAddress::of(blob.kid()),
    };
    check_file(&blob, &vault, kind, None)?;
    let name = name(arguments, found.as_ref())?;
    let mut wishes = arguments.options.wishes()?;
    TransferId::random()?.mark(&mut wishes.tags);
    let plan = ImportPlan::new(kind, wishes)?;

    let client = announced(outward.connect(&vault)?, out)?;
    let kek = kek_of(&client, &blob, found.as_ref()).await?;
    check_file(&blob, &vault, kind, Some(kek.bits()))?;

    let subject = subject(&file, &blob, &kek, found.as_ref());
    let approval = consent(arguments, &settings, &client, &name, &plan, &subject).await?;
    let audit = AuditLog::open(&settings.state)?;
    let recorded = Recorded {
        client: &client,
        audit: &audit,
        asked_by: Requester::CommandLine,
        approval,
    };
    let made = recorded.import(&name, &plan, &file, &subject).await?;
    let expected = Expected {
        kind,
        spki: subject.spki.as_deref(),
    };
    let verified = recorded.verify(&name, &made.key, expected, &subject).await;
    let (verification, line) = match verified {
        Ok((verification, line)) => (Some(verification), line),
        // The key is in the vault: the receipt says so before the error is told.
        Err(error) => {
            note_in_receipt(found, &made.key.kid, None, &made.record)?;
            return Err(Error::Unverified {
                kid: visible(&made.key.kid),
                source: Box::new(error),
            });
        }
    };
    let receipt = note_in_receipt(found, &made.key.kid, verification.as_ref(), &line)?;
    let Some(verification) = verification else {
        return Err(Error::Internal("a verification without a result"));
    };
    let report = Report {
        kid: made.key.kid,
        vault: vault.url(),
        name: name.as_str().to_owned(),
        kty: made.key.kty,
        curve: kind.curve().map(keyferry_core::Curve::name),
        file_sha256: subject.file_sha256,
        credential: client.credential().to_string(),
        holds: verification.holds(),
        verification,
        settled: made.settled.as_ref().map(crate::vault::VaultError::code),
        receipt: receipt.map(|path| path.to_string_lossy().into_owned()),
        audit: RecordPlace::from(&line),
    };
    Ok(tell(&report, out))
}

/// The receipt that was named, or the one beside the file; checked against the file.
fn find_receipt(arguments: &Import, file: &[u8], blob: &Blob) -> Result<Option<Found>, Error> {
    let path = match &arguments.receipt {
        Some(path) => path.clone(),
        None => {
            let path = wrap::receipt_beside(&arguments.file);
            if !path.exists() {
                return Ok(None);
            }
            path
        }
    };
    let receipt = Receipt::parse(&document::read(&path, MAX_RECEIPT)?)?;
    receipt.check_file(file)?;
    if receipt.kid != blob.kid().as_str() {
        return Err(Error::Core(keyferry_core::Error::Receipt {
            code: "receipt-other-kek",
            message: "the receipt names another KEK, or another version of it, than the file"
                .to_owned(),
            advice: "Take the receipt that was written beside this file, unchanged.",
        }));
    }
    Ok(Some(Found { receipt, path }))
}

/// Type and curve, from the receipt or from the options; both have to agree.
fn kind(arguments: &Import, found: Option<&Found>) -> Result<ImportType, Error> {
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
            shown(&arguments.file)
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

/// The KEK that the file was made for, as the vault has it now: still there, still good, and the one
/// that the receipt names.
pub(in crate::cli) async fn kek_of_kid(
    client: &VaultClient,
    kid: &keyferry_core::Kid,
    thumbprint: Option<&str>,
) -> Result<Kek, Error> {
    let kek_name = KeyName::parse(kid.key_name())?;
    let key = match client.show(&kek_name, kid.version()).await {
        Err(error) if error.trouble() == Some(Trouble::KeyNotFound) => {
            return Err(Error::KekGone {
                kid: visible(kid.as_str()),
            });
        }
        other => other?,
    };
    admit(client, &key, thumbprint)
}

/// Core's verdict on a KEK as the vault has it, and that it is the one that was noted.
pub(in crate::cli) fn admit(
    client: &VaultClient,
    key: &VaultKey,
    thumbprint: Option<&str>,
) -> Result<Kek, Error> {
    let kek = Kek::admit(&KekSource {
        document: &key.document,
        beside: None,
        kid: None,
        now: kek::now(),
        admission: client.admission(),
    })?;
    match thumbprint {
        Some(noted) if noted != kek.thumbprint().to_string() => Err(Error::KekMismatch {
            actual: kek.thumbprint().to_string(),
            expected: visible(noted),
        }),
        _ => Ok(kek),
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

/// Writes what the import left into the receipt, in place of the one that was there.
fn note_in_receipt(
    found: Option<Found>,
    kid: &str,
    verification: Option<&Verification>,
    line: &keyferry_core::AuditLine,
) -> Result<Option<PathBuf>, Error> {
    let Some(Found { receipt, path }) = found else {
        return Ok(None);
    };
    write_import(receipt, &path, kid, verification, line)?;
    Ok(Some(path))
}

pub(in crate::cli) fn write_import(
    mut receipt: Receipt,
    path: &Path,
    kid: &str,
    verification: Option<&Verification>,
    line: &keyferry_core::AuditLine,
) -> Result<(), Error> {
    receipt.import = Some(ImportRecord {
        kid: kid.to_owned(),
        verification: verification.cloned(),
        audit: RecordPlace::from(line),
    });
    OutputFile::check(path, Existing::Replace)?.write(&receipt.to_bytes())
}

fn tell(report: &Report, out: &Out) -> Ending {
    if out.is_json() {
        out.object(report);
    } else {
        show(report, out);
    }
    if report.holds {
        Ending::Good
    } else {
        Ending::Negative
    }
}

fn show(report: &Report, out: &Out) {
    let verification = &report.verification;
    verification
        .findings
        .iter()
        .for_each(|finding| out.finding(finding));
    let headline = if !report.holds {
        "Imported, and NOT the HSM's key"
    } else if verification.shows_equality() {
        "Imported: the vault holds the HSM's key"
    } else {
        "Imported"
    };
    out.verdict(report.holds, headline);
    out.line(&format!("  Kid       {}", visible(&report.kid)));
    out.line(&format!("  Verified  {}", words(verification)));
    if let Some(code) = report.settled {
        out.line(&format!(
            "  Settled   the answer did not come ({code}); the vault was asked and has the key"
        ));
    }
    if let Some(receipt) = &report.receipt {
        out.line(&format!("  Receipt   {}", visible(receipt)));
    }
}

/// What was verified, in words.
pub(in crate::cli) fn words(verification: &Verification) -> String {
    use keyferry_core::{PrivateKeyCheck, PublicKeyCheck};
    let public = match verification.public_key {
        PublicKeyCheck::Equal => "public keys are equal",
        PublicKeyCheck::Differs => "public keys DIFFER",
        PublicKeyCheck::NoneToSee => "AES: no equality to be seen",
        PublicKeyCheck::NothingToCompare => "no public key of the HSM to compare with",
    };
    let algorithm = verification.algorithm.as_deref().unwrap_or_default();
    let private = match verification.private_key {
        PrivateKeyCheck::Signed => {
            format!(", the vault signed and the HSM's public key verified it ({algorithm})")
        }
        PrivateKeyCheck::Decrypted => {
            format!(", the vault decrypted for the HSM's public key ({algorithm})")
        }
        PrivateKeyCheck::Unwrapped => {
            format!(", the vault unwrapped for the HSM's public key ({algorithm})")
        }
        PrivateKeyCheck::Failed => format!(", the private key FAILED its check ({algorithm})"),
        PrivateKeyCheck::NotDone => String::new(),
    };
    format!("{public}{private}")
}
