//! The imports themselves: everything is checked before the first is sent, and they run at once.

use futures_util::StreamExt;
use keyferry_core::{ErrorBody, RecordPlace, Requester, VaultAddress, visible};
use serde::Serialize;

use super::Import;
use super::ready::{Read, Ready};
use super::receipt::note_in_receipt;
use super::report::{Report, show};
use crate::Error;
use crate::audit_log::AuditLog;
use crate::cli::args::Global;
use crate::cli::online::announced;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::error::shown;
use crate::vault::{Expected, Recorded, VaultClient, VaultError};

/// Imports under way at once. They share the client's pace: when the service throttles one, all wait.
const AT_ONCE: usize = 4;

/// What `--json` prints of several files.
#[derive(Serialize)]
struct Several {
    imported: Vec<Report>,
    failed: Vec<Failed>,
}

#[derive(Serialize)]
struct Failed {
    file: String,
    error: ErrorBody,
}

pub(super) async fn run(global: &Global, arguments: &Import, out: &Out) -> Result<Ending, Error> {
    let settings = global.settings()?;
    let admission = settings.file.admission(None)?;
    let outward = arguments.online.outward(&settings.state, admission, out)?;
    let read = arguments
        .files
        .iter()
        .map(|path| Read::of(path, arguments, &outward))
        .collect::<Result<Vec<_>, _>>()?;
    let vault = one_vault(&read)?;
    one_name_each(&read)?;

    let client = announced(outward.connect(&vault)?, out)?;
    let mut ready = Vec::with_capacity(read.len());
    for file in read {
        ready.push(file.ready(arguments, &settings, &client).await?);
    }
    let audit = AuditLog::open(&settings.state)?;
    if let [_] = ready.as_slice()
        && let Some(file) = ready.pop()
    {
        let report = import(file, &client, &audit).await?;
        return Ok(tell_one(&report, out));
    }
    let ended: Vec<(String, Result<Report, Error>)> = futures_util::stream::iter(ready)
        .map(|file| async {
            let path = shown(&file.path);
            (path, import(file, &client, &audit).await)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    Ok(tell_several(ended, out))
}

/// Several files go to one vault: one sign-in, one pace.
fn one_vault(read: &[Read]) -> Result<VaultAddress, Error> {
    let first = read
        .first()
        .ok_or(Error::Internal("an import without a file"))?;
    match read
        .iter()
        .find(|file| file.vault.url() != first.vault.url())
    {
        None => Ok(first.vault.clone()),
        Some(other) => Err(Error::Usage(format!(
            "{} is for {}, and {} for {}: import them one vault at a time",
            shown(&first.path),
            visible(&first.vault.url()),
            shown(&other.path),
            visible(&other.vault.url())
        ))),
    }
}

/// Two files of one name would be two versions of one key.
fn one_name_each(read: &[Read]) -> Result<(), Error> {
    for (at, file) in read.iter().enumerate() {
        let same = |other: &&Read| other.name.as_str().eq_ignore_ascii_case(file.name.as_str());
        if let Some(other) = read.iter().take(at).find(same) {
            return Err(Error::Usage(format!(
                "{} and {} would both become {}: import one of them by itself, with --name",
                shown(&other.path),
                shown(&file.path),
                file.name
            )));
        }
    }
    Ok(())
}

async fn import(ready: Ready, client: &VaultClient, audit: &AuditLog) -> Result<Report, Error> {
    let Ready {
        name,
        file,
        found,
        kind,
        plan,
        subject,
        approval,
        ..
    } = ready;
    let recorded = Recorded {
        client,
        audit,
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
        Ok(verified) => verified,
        // The key is in the vault: the receipt says so before the error is told.
        Err(error) => {
            note_in_receipt(found, &made.key.kid, None, &made.record)?;
            return Err(Error::Unverified {
                kid: visible(&made.key.kid),
                source: Box::new(error),
            });
        }
    };
    let receipt = note_in_receipt(found, &made.key.kid, Some(&verification), &line)?;
    Ok(Report {
        kid: made.key.kid,
        vault: client.vault().url(),
        name: name.as_str().to_owned(),
        kty: made.key.kty,
        curve: kind.curve().map(keyferry_core::Curve::name),
        file_sha256: subject.file_sha256,
        credential: client.credential().to_string(),
        holds: verification.holds(),
        verification,
        settled: made.settled.as_ref().map(VaultError::code),
        receipt: receipt.map(|path| path.to_string_lossy().into_owned()),
        audit: RecordPlace::from(&line),
    })
}

fn tell_one(report: &Report, out: &Out) -> Ending {
    if out.is_json() {
        out.object(report);
    } else {
        show(report, out);
    }
    ending(report.holds)
}

fn tell_several(ended: Vec<(String, Result<Report, Error>)>, out: &Out) -> Ending {
    let mut told = Several {
        imported: Vec::new(),
        failed: Vec::new(),
    };
    for (file, result) in ended {
        out.line(&format!("{file}:"));
        match result {
            Ok(report) => {
                if !out.is_json() {
                    show(&report, out);
                }
                told.imported.push(report);
            }
            Err(error) => {
                if !out.is_json() {
                    out.error(&error);
                }
                told.failed.push(Failed {
                    file,
                    error: error.body(),
                });
            }
        }
    }
    let held = told.imported.iter().filter(|report| report.holds).count();
    let all = told.imported.len() + told.failed.len();
    if out.is_json() {
        out.object(&told);
    } else {
        out.line("");
        out.verdict(
            held == all,
            &format!("{held} of {all} imported and verified"),
        );
    }
    ending(held == all)
}

fn ending(good: bool) -> Ending {
    if good { Ending::Good } else { Ending::Negative }
}
