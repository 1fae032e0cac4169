//! The stages of a transfer, in their order.

use keyferry_core::{
    AuditEntry, AuditEvent, AuditLine, Blob, Ciphertext, Generator, Kek, KeySelector, Outcome,
    Stage, TargetKind,
};

use super::findings::findings;
use super::method::{Method, UNPROVEN};
use super::rules::{check_destination, find_key, outcome_of};
use super::terms::approval;
use super::{Transfer, TransferOrder};
use crate::Error;
use crate::approve::{Consent, WrapQuestion};
use crate::audit_log::AuditLog;
use crate::digest::sha256_hex;
use crate::hsm::{Coverage, HsmError, SelfTestReport, StrategyDemand, WrapRequest, Wrapped};
use crate::pool::Attested;
use crate::profile::Explainer;
use crate::session::TokenSession;

/// Wraps one key to one KEK. Nothing goes back a stage; `observe` hears each one as it begins.
///
/// The record tells of every outcome: an intent line is on disk before the token wraps, an outcome line before
/// the result is given back; a transfer that was refused or failed earlier leaves an outcome line alone.
///
/// # Errors
/// What the rules, the person, the token or the record say.
pub async fn wrap(
    session: &TokenSession,
    order: TransferOrder,
    consent: &mut dyn Consent,
    audit: &AuditLog,
    observe: impl Fn(Stage) + Send + Sync,
) -> Result<Transfer, Error> {
    let mut entry = AuditEntry::new(AuditEvent::WrapOutcome, Outcome::Done, order.asked_by);
    entry.kid = Some(order.kek.kid().as_str().to_owned());
    entry.kek_thumbprint_sha256 = Some(order.kek.thumbprint().to_string());
    entry.key_label.clone_from(&order.key.label);
    entry.key_id.clone_from(&order.key.id);

    match attempt(session, &order, consent, audit, &observe, &mut entry).await {
        Ok(wrapped) => {
            let record = audit.append(entry).await?;
            Ok(wrapped.into_transfer(&order.kek, record))
        }
        Err(error) => {
            entry.outcome = outcome_of(&error);
            entry.code = Some(error.code().to_owned());
            audit.append(entry).await?;
            Err(error)
        }
    }
}

/// What the stages yield, before its outcome is on disk.
struct Attempt {
    question: WrapQuestion,
    report: SelfTestReport,
    ciphertext: Ciphertext,
    wrapped: Wrapped,
}

async fn attempt(
    session: &TokenSession,
    order: &TransferOrder,
    consent: &mut dyn Consent,
    audit: &AuditLog,
    observe: &(impl Fn(Stage) + Send + Sync),
    entry: &mut AuditEntry,
) -> Result<Attempt, Error> {
    observe(Stage::Checking);
    consent.rule_out(order.kek.thumbprint())?;
    let terms = session.terms();
    let attested = terms.check_kek(&order.kek, order.attestation.as_deref())?;
    entry.attestation = attested.as_ref().map(Attested::outcome);
    let token = session.open().await?.info.clone();
    entry.token_serial = Some(token.serial.clone());
    entry.token_firmware = Some(token.firmware.clone());
    check_destination(
        order.kek.kid(),
        &order.key,
        &token,
        order.software,
        consent.rehearsal_key(),
    )?;

    if !session.is_unlocked() {
        observe(Stage::Unlocking);
        session.unlock(audit).await?;
    }
    let key = find_key(&session.keys(audit).await?, &order.key)?;
    let target: TargetKind = key.kind.parse()?;
    entry.key_label = Some(key.label.clone());
    entry.key_id = Some(key.id.clone());
    entry.target = Some(target);

    let judgement = terms.judge(&key.label, &order.kek, attested.as_ref())?;

    observe(Stage::SelfTesting);
    let hsm = session.hsm().await?;
    let method = Method {
        target,
        unproven: order.unproven,
        token: &token,
        asked_by: order.asked_by,
    };
    let explainer = Explainer {
        profile: session.profile(),
        token: &token,
    };
    let explained = |error| match error {
        Error::Hsm(error) => explainer.explain(error, target).into(),
        other => other,
    };
    let (choice, report) = method
        .choose(hsm, consent, audit)
        .await
        .map_err(explained)?;
    entry.strategy = Some(choice.strategy);
    entry.self_test = Some(choice.self_test);
    let strategy = match choice.coverage {
        Coverage::Kind { .. } | Coverage::Family { .. } => StrategyDemand::Proven,
        Coverage::Nothing => {
            entry.code = Some(UNPROVEN.to_owned());
            StrategyDemand::Unproven(choice.strategy)
        }
    };

    observe(Stage::Approving);
    let question = WrapQuestion {
        label: key.label,
        id: key.id,
        target,
        token: token.clone(),
        thumbprint: *order.kek.thumbprint(),
        kid: order.kek.kid().clone(),
        choice,
        attested,
        asked_by: order.asked_by,
    };
    let approval = approval(judgement, &question, consent).await?;
    entry.approval = Some(approval.consume(&question)?);

    observe(Stage::Recording);
    let intent = AuditEntry {
        event: AuditEvent::WrapIntent,
        outcome: Outcome::Intended,
        ..entry.clone()
    };
    audit.append(intent).await?;

    observe(Stage::Wrapping);
    let request = WrapRequest {
        key: KeySelector {
            label: Some(question.label.clone()),
            id: Some(question.id.clone()),
        },
        kek_modulus: order.kek.modulus().to_vec(),
        kek_exponent: order.kek.exponent().to_vec(),
        strategy,
    };
    let wrapped = hsm
        .wrap(request)
        .await
        .map_err(|error| explained(error.into()))?;
    // What was shown, approved and recorded has to be what was done.
    if wrapped.target != target || wrapped.choice != question.choice {
        return Err(Error::Internal(
            "the worker wrapped otherwise than it was approved",
        ));
    }
    let ciphertext = Ciphertext::new(
        wrapped.ciphertext.clone(),
        order.kek.bits(),
        target,
        &wrapped.choice.proven_lengths,
    )
    .map_err(|_| HsmError::WrappedLength {
        kind: target,
        length: wrapped.ciphertext.len(),
        token: question.token.label.clone(),
    })?;
    entry.ciphertext_sha256 = Some(sha256_hex(ciphertext.as_bytes()));
    Ok(Attempt {
        question,
        report,
        ciphertext,
        wrapped,
    })
}

impl Attempt {
    fn into_transfer(self, kek: &Kek, record: AuditLine) -> Transfer {
        let Self {
            question,
            report,
            ciphertext,
            wrapped,
        } = self;
        let token = &question.token;
        let model = if token.software {
            format!("{} software", token.model.trim())
        } else {
            token.model.clone()
        };
        let generator = Generator::new(
            env!("CARGO_PKG_VERSION"),
            &token.manufacturer,
            &model,
            &token.firmware,
        );
        Transfer {
            blob: Blob::assemble(kek, &ciphertext, &generator),
            findings: findings(&question, &report),
            label: question.label,
            target: question.target,
            strategy: question.choice.strategy,
            self_test: question.choice.self_test,
            attestation: question.attested.as_ref().map(Attested::outcome),
            proven_lengths: wrapped.choice.proven_lengths,
            spki: wrapped.spki,
            token: question.token,
            generator,
            record,
        }
    }
}
