//! One key's way from the token into the practice vault.

use std::future::ready;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use keyferry_core::{
    ImportPlan, ImportType, ImportWishes, Kek, KeyName, KeySelector, Requester, Stage, Strategy,
    TargetKind, file_name,
};
use serde::Serialize;

use crate::Error;
use crate::approve::PracticeDemo;
use crate::audit_log::AuditLog;
use crate::cli::output_file::{Existing, OutputFile};
use crate::cli::steps::Steps;
use crate::config::SoftwareKeys;
use crate::error::shown;
use crate::session::TokenSession;
use crate::state::StateFolder;
use crate::transfer::{self, Transfer, TransferOrder};
use crate::vault::VaultClient;

/// What all journeys of a run share.
pub(super) struct Journey<'a> {
    pub(super) session: &'a TokenSession,
    pub(super) audit: &'a AuditLog,
    pub(super) client: &'a VaultClient,
    pub(super) steps: &'a Steps,
    pub(super) kek: &'a Kek,
    pub(super) state: &'a StateFolder,
}

/// A key that has arrived.
#[derive(Serialize)]
pub(super) struct Travelled {
    label: String,
    target: TargetKind,
    strategy: Strategy,
    file: String,
    imported_kid: String,
    public_keys_equal: bool,
}

impl Journey<'_> {
    /// Wraps, writes, imports and compares; every step is told.
    pub(super) async fn travel(&self, label: &str, kind: TargetKind) -> Result<Travelled, Error> {
        self.steps
            .headline(&format!("{label} ({kind}) travels to the practice vault:"));
        let transfer = self.wrap(label).await?;

        let begun = self.steps.begin("writing the file");
        let file = transfer.blob.to_bytes();
        let path = self.state.folder("practice")?.join(file_name(label));
        OutputFile::check(&path, Existing::Replace)?.write(&file)?;
        begun.done(
            "file written",
            &format!("{} ({} bytes)", shown(&path), file.len()),
        );

        let begun = self.steps.begin("importing");
        let plan = ImportPlan::new(ImportType::of(kind), ImportWishes::default())?;
        let name = KeyName::from_label(label);
        let imported = self.client.import(&name, &plan, &file).await?;
        begun.done("imported", &shown(&imported.kid));

        let begun = self.steps.begin("comparing");
        if imported.spki.is_none() || imported.spki != transfer.spki {
            return Err(Error::PublicKeyDiffers {
                label: shown(label),
            });
        }
        begun.done(
            "equal",
            "the vault opened it and its public key equals the token's",
        );
        Ok(Travelled {
            label: label.to_owned(),
            target: transfer.target,
            strategy: transfer.strategy,
            file: path.to_string_lossy().into_owned(),
            imported_kid: imported.kid,
            public_keys_equal: true,
        })
    }

    async fn wrap(&self, label: &str) -> Result<Transfer, Error> {
        let order = TransferOrder {
            kek: self.kek.clone(),
            key: KeySelector {
                label: Some(label.to_owned()),
                id: None,
            },
            asked_by: Requester::Demo,
            software: SoftwareKeys::Refused,
            unproven: None,
            attestation: None,
        };
        let mut consent = PracticeDemo {
            kek: *self.kek.thumbprint(),
        };
        let begun = self.steps.begin("checking");
        let times = Mutex::new(Vec::new());
        let observe = |stage| {
            times
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((stage, Instant::now()));
            begun.now(doing(stage));
        };
        let transfer = transfer::wrap(
            self.session,
            order,
            &mut consent,
            self.audit,
            observe,
            ready(()),
        )
        .await?;
        let ended = Instant::now();
        let times = times.into_inner().unwrap_or_else(PoisonError::into_inner);
        begun.clear();

        let took = |stage| duration(&times, stage, ended);
        let steps = self.steps;
        steps.took(
            "key chosen",
            &format!(
                "{} ({}), can travel",
                shown(&transfer.label),
                transfer.target
            ),
            took(Stage::Checking),
        );
        steps.took(
            "self-test",
            &format!("{}: {}", transfer.strategy, transfer.self_test),
            took(Stage::SelfTesting),
        );
        steps.took(
            "approved",
            "by the demonstration itself: a practice key, to this run's practice KEK",
            took(Stage::Approving),
        );
        let bytes = transfer.blob.ciphertext().as_bytes().len();
        steps.took(
            "wrapped",
            &format!("with {} ({bytes} bytes)", transfer.strategy),
            took(Stage::Wrapping),
        );
        Ok(transfer)
    }
}

/// From a stage's beginning to the next one's.
fn duration(times: &[(Stage, Instant)], stage: Stage, ended: Instant) -> Duration {
    let mut after = times
        .iter()
        .skip_while(|(begun, _)| *begun != stage)
        .map(|(_, at)| *at);
    match (after.next(), after.next()) {
        (Some(begun), next) => next.unwrap_or(ended).duration_since(begun),
        (None, _) => Duration::ZERO,
    }
}

fn doing(stage: Stage) -> &'static str {
    match stage {
        Stage::Checking => "checking",
        Stage::Unlocking => "unlocking the token",
        Stage::SelfTesting => "testing how the token wraps",
        Stage::Approving => "asking for approval",
        Stage::SecondApproving => "asking a second approver",
        Stage::Recording => "recording",
        Stage::Wrapping => "wrapping",
    }
}
