//! From a manifest to a plan: KEKs are read or fetched, the token's keys listed, everything judged; nothing changes.

use std::sync::Arc;

use keyferry_core::{Kek, MAX_ATTESTATION, MAX_KEK_DOCUMENT};

use super::args::Batch;
use super::way::Way;
use crate::Error;
use crate::audit_log::AuditLog;
use crate::batch::manifest::{KekPlace, Manifest, ManifestVault};
use crate::batch::plan::{Plan, VaultGround, make as make_plan};
use crate::batch::{BatchError, listing};
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::cli::{document, kek, settings};
use crate::config::Settings;
use crate::session::TokenSession;
use crate::transfer::Grounds;

/// `--plan`: shows what would be asked for, and what would not travel.
pub(super) async fn show(
    settings: &Settings,
    arguments: &Batch,
    out: &Out,
) -> Result<Ending, Error> {
    let way = Way::of(settings, arguments, out)?;
    let audit = AuditLog::open(&settings.state)?;
    let session = Arc::new(TokenSession::new(settings, settings::prompter(settings)?));
    let plan = make(arguments, settings, &session, &audit, &way).await?;
    let present = way.present(arguments.imports(), &plan).await?;
    tell(&plan, present, out)
}

/// Shows a plan; `present` of its names are in their vaults already.
pub(super) fn tell(plan: &Plan, present: u64, out: &Out) -> Result<Ending, Error> {
    if out.is_json() {
        out.object(plan);
    } else {
        for line in listing(plan) {
            out.line(&line);
        }
        if present > 0 {
            out.line(&format!(
                "{present} of the names are in their vaults already: each would get a new version."
            ));
        }
        out.line("");
        out.verdict(
            plan.stays().is_empty(),
            &format!(
                "{} keys would travel, {} lines or keys would not; nothing was touched",
                plan.lines().len(),
                plan.stays().len()
            ),
        );
    }
    Ok(if plan.stays().is_empty() && !plan.lines().is_empty() {
        Ending::Good
    } else {
        Ending::Negative
    })
}

/// Makes the plan of a manifest, on this machine's terms.
pub(super) async fn make(
    arguments: &Batch,
    settings: &Settings,
    session: &TokenSession,
    audit: &AuditLog,
    way: &Way,
) -> Result<Plan, Error> {
    let path = arguments
        .manifest
        .as_deref()
        .ok_or_else(|| Error::Usage("name the manifest, or go on with --resume".to_owned()))?;
    let manifest = Manifest::read(path, way.admission())?;
    let mut grounds = Vec::with_capacity(manifest.vaults().len());
    for vault in manifest.vaults() {
        grounds.push(ground(vault, &manifest, settings, session, way).await?);
    }
    let keys = session.keys(audit).await?;
    let token = session.open().await?.info.clone();
    let plan = make_plan(&manifest, &token, &keys, &grounds).map_err(BatchError::from)?;
    Ok(plan)
}

/// A vault's KEK. One that is refused keeps its lines from travelling, and the others go all the same.
async fn ground(
    vault: &ManifestVault,
    manifest: &Manifest,
    settings: &Settings,
    session: &TokenSession,
    way: &Way,
) -> Result<VaultGround<Grounds>, Error> {
    let found = match &vault.kek {
        KekPlace::File { path, kid } => {
            let path = manifest.beside(path);
            // A practice kid in a file is none: only the practice vault itself can say that it is one.
            let admission = settings.file.admission(None)?;
            let document = document::read(&path, MAX_KEK_DOCUMENT)?;
            kek::admit(&path, None, kid.as_deref(), &admission)
                .map(|(kek, _)| (kek, document, None))
        }
        KekPlace::Vault { kid } => way.fetch(kid).await,
    };
    let attestation = vault
        .attestation
        .as_ref()
        .map(|path| document::read(&manifest.beside(path), MAX_ATTESTATION))
        .transpose()?;
    let (kek, document, attested) = match found {
        Ok(found) => found,
        Err(error) => {
            return Ok(VaultGround {
                judge: Err(error),
                document: Vec::new(),
                attestation: None,
            });
        }
    };
    // A file that was given counts, whatever the vault says.
    let attestation = attestation.or(attested);
    let judged = judge(session, kek, attestation.as_deref(), settings).await;
    let judge = match judged {
        // What the token itself says is no vault's fault.
        Err(error @ Error::Hsm(_)) => return Err(error),
        judged => judged,
    };
    Ok(VaultGround {
        judge,
        document,
        attestation,
    })
}

async fn judge(
    session: &TokenSession,
    kek: Kek,
    attestation: Option<&[u8]>,
    settings: &Settings,
) -> Result<Grounds, Error> {
    Grounds::of(session, Arc::new(kek), attestation, settings.software).await
}
