//! The stages of one key's transfer, in their order.

use std::sync::Arc;

use keyferry_core::{AuditEntry, AuditEvent, Outcome, Stage};

use super::grounds::Grounds;
use super::method::Method;
use super::one_key::{Finished, OneKey, explain};
use super::rules::{find_key, outcome_of};
use super::terms::approval;
use super::{Transfer, TransferOrder};
use crate::Error;
use crate::approve::{Consent, second_person};
use crate::audit_log::AuditLog;
use crate::hsm::SelfTestReport;
use crate::session::TokenSession;

/// Wraps one key to one KEK. Nothing goes back a stage; `observe` hears each one as it begins. `hand_over` is awaited
/// once everybody who is to say yes has said it, so that the next one may ask them; what it gives is held until the
/// token has answered and the outcome is on its way to the record.
///
/// The record tells of every outcome: an intent line is on disk before the token wraps, an outcome line before
/// the result is given back; a transfer that was refused or failed earlier leaves an outcome line alone.
///
/// # Errors
/// What the rules, the person, the token or the record say.
pub async fn wrap<Held: Send>(
    session: &TokenSession,
    order: TransferOrder,
    consent: &mut dyn Consent,
    audit: &AuditLog,
    observe: impl Fn(Stage) + Send + Sync,
    hand_over: impl Future<Output = Held> + Send,
) -> Result<Transfer, Error> {
    let mut entry = AuditEntry::new(AuditEvent::WrapOutcome, Outcome::Done, order.asked_by);
    entry.kid = Some(order.kek.kid().as_str().to_owned());
    entry.kek_thumbprint_sha256 = Some(order.kek.thumbprint().to_string());
    entry.key_label.clone_from(&order.key.label);
    entry.key_id.clone_from(&order.key.id);

    match attempt(
        session, order, consent, audit, &observe, hand_over, &mut entry,
    )
    .await
    {
        Ok((finished, report, held)) => {
            let record = audit.append(entry);
            drop(held);
            Ok(finished.into_transfer(&report, record.await?))
        }
        Err(error) => {
            entry.outcome = outcome_of(&error);
            entry.code = Some(error.code().to_owned());
            audit.append(entry).await?;
            Err(error)
        }
    }
}

async fn attempt<Held>(
    session: &TokenSession,
    order: TransferOrder,
    consent: &mut dyn Consent,
    audit: &AuditLog,
    observe: &(impl Fn(Stage) + Send + Sync),
    hand_over: impl Future<Output = Held> + Send,
    entry: &mut AuditEntry,
) -> Result<(Finished, SelfTestReport, Held), Error> {
    observe(Stage::Checking);
    consent.rule_out(order.kek.thumbprint())?;
    let attestation = order.attestation.as_deref();
    let kek = Arc::new(order.kek);
    let grounds = Grounds::of(session, kek, attestation, order.software).await?;
    grounds.note(entry);
    grounds.admit(&order.key, consent.rehearsal_key())?;

    if !session.is_unlocked() {
        observe(Stage::Unlocking);
        session.unlock(audit).await?;
    }
    let key = find_key(&session.keys_like(audit, &order.key).await?, &order.key)?;
    entry.key_label = Some(key.label.clone());
    entry.key_id = Some(key.id.clone());
    entry.target = key.kind.parse().ok();
    let judged = grounds.judge_admitted(&key)?;

    observe(Stage::SelfTesting);
    let hsm = session.hsm().await?;
    let method = Method {
        target: judged.target,
        unproven: order.unproven,
        token: grounds.token(),
        asked_by: order.asked_by,
    };
    let (choice, report) =
        method
            .choose(hsm, consent, audit)
            .await
            .map_err(|error| match error {
                Error::Hsm(error) => explain(session, grounds.token(), error, judged.target),
                other => other,
            })?;

    let question = grounds.question(key.label, key.id, judged.target, choice, order.asked_by);
    let one = OneKey::of(Arc::clone(grounds.kek()), question);
    one.note(entry);
    observe(Stage::Approving);
    let approval = approval(&judged.judgement, one.question(), consent).await?;
    entry.approval = Some(approval.consume(one.question())?);
    if !judged.judgement.second.is_empty() {
        observe(Stage::SecondApproving);
        let facts = one.question().facts();
        // By the session's own prompter: whoever consents first has no part in this.
        let second = second_person(session.prompter(), &judged.judgement.second, &facts).await?;
        entry.second_approver = Some(second.consume(&facts)?);
    }

    observe(Stage::Recording);
    let held = hand_over.await;
    let intent = AuditEntry {
        event: AuditEvent::WrapIntent,
        outcome: Outcome::Intended,
        ..entry.clone()
    };
    audit.append(intent).await?;

    observe(Stage::Wrapping);
    let answer = hsm.wrap(one.request()).await;
    Ok((one.finish(answer, session, entry)?, report, held))
}
