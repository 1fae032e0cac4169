//! The one flow by which a key leaves a token: checks, self-test, consent, intent on disk, wrap, outcome on disk.

use std::fmt::Write;

use keyferry_core::{
    AuditEntry, AuditEvent, AuditLine, Blob, Ciphertext, Finding, Generator, Kek, KeyInfo,
    KeySelector, Outcome, Requester, SelfTest, Stage, Strategy, TargetKind, TokenInfo, visible,
};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::approve::{Consent, WrapQuestion};
use crate::audit_log::AuditLog;
use crate::config::SoftwareKeys;
use crate::hsm::{HsmError, Proof, WrapRequest, Wrapped};
use crate::session::TokenSession;

/// What is to be wrapped to what, and who asks.
#[derive(Debug)]
pub struct TransferOrder {
    /// The KEK, examined.
    pub kek: Kek,
    /// The key.
    pub key: KeySelector,
    /// Who asks.
    pub asked_by: Requester,
    /// Whether software keys may go to a real vault.
    pub software: SoftwareKeys,
}

/// A key, wrapped.
#[derive(Debug)]
pub struct Transfer {
    /// The file to import.
    pub blob: Blob,
    /// The key's label.
    pub label: String,
    /// What was wrapped.
    pub target: TargetKind,
    /// How.
    pub strategy: Strategy,
    /// What the self-test said of that.
    pub self_test: SelfTest,
    /// The target's SubjectPublicKeyInfo DER; none for AES, or when the token does not show it.
    pub spki: Option<Vec<u8>>,
    /// The token that held it.
    pub token: TokenInfo,
    /// What the blob names as its maker.
    pub generator: Generator,
    /// The outcome's line in the record.
    pub record: AuditLine,
    /// What to know about this transfer.
    pub findings: Vec<Finding>,
}

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
    let token = session.open().await?.info.clone();
    entry.token_serial = Some(token.serial.clone());
    entry.token_firmware = Some(token.firmware.clone());
    check_destination(order, &token, session.is_embedded())?;

    if !session.is_unlocked() {
        observe(Stage::Unlocking);
        session.unlock(audit).await?;
    }
    let key = find_key(&session.keys(audit).await?, &order.key)?;
    let target: TargetKind = key.kind.parse()?;
    entry.key_label = Some(key.label.clone());
    entry.key_id = Some(key.id.clone());
    entry.target = Some(target);

    observe(Stage::SelfTesting);
    let hsm = session.hsm().await?;
    let (strategy, self_test) = choose_strategy(hsm.self_test().await?)?;
    entry.strategy = Some(strategy);
    entry.self_test = Some(self_test);

    observe(Stage::Approving);
    let question = WrapQuestion {
        label: key.label,
        id: key.id,
        target,
        token,
        thumbprint: *order.kek.thumbprint(),
        kid: order.kek.kid().clone(),
        strategy,
        self_test,
        asked_by: order.asked_by,
    };
    let approval = consent.ask(&question).await?;
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
    };
    let wrapped = hsm.wrap(request).await?;
    // What was shown, approved and recorded has to be what was done.
    if wrapped.target != target || wrapped.strategy != strategy || wrapped.self_test != self_test {
        return Err(Error::Internal(
            "the worker wrapped otherwise than it was approved",
        ));
    }
    let ciphertext = Ciphertext::new(
        wrapped.ciphertext.clone(),
        order.kek.bits(),
        target,
        &wrapped.proven_lengths,
    )?;
    entry.ciphertext_sha256 = Some(hex_sha256(ciphertext.as_bytes()));
    Ok(Attempt {
        question,
        ciphertext,
        wrapped,
    })
}

impl Attempt {
    fn into_transfer(self, kek: &Kek, record: AuditLine) -> Transfer {
        let Self {
            question,
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
            findings: findings(&question),
            label: question.label,
            target: question.target,
            strategy: question.strategy,
            self_test: question.self_test,
            spki: wrapped.spki,
            token: question.token,
            generator,
            record,
        }
    }
}

/// Practice and real life never mix, and software is never taken for hardware.
fn check_destination(
    order: &TransferOrder,
    token: &TokenInfo,
    embedded: bool,
) -> Result<(), Error> {
    let kid = order.kek.kid();
    let label = || {
        order
            .key
            .label
            .clone()
            .or_else(|| order.key.id.clone())
            .unwrap_or_default()
    };
    if kid.is_practice() && !embedded {
        return Err(Error::PracticeKeyRefused {
            label: visible(&label()),
            kid: visible(kid.as_str()),
        });
    }
    if !kid.is_practice() && (token.software || embedded) && order.software == SoftwareKeys::Refused
    {
        return Err(Error::SoftwareKeyRefused {
            label: visible(&label()),
            kid: visible(kid.as_str()),
        });
    }
    Ok(())
}

/// The one key that `selector` names, if it can travel.
fn find_key(keys: &[KeyInfo], selector: &KeySelector) -> Result<KeyInfo, Error> {
    let fits = |key: &&KeyInfo| {
        selector
            .label
            .as_ref()
            .is_none_or(|label| *label == key.label)
            && selector
                .id
                .as_ref()
                .is_none_or(|id| id.eq_ignore_ascii_case(&key.id))
    };
    let found: Vec<&KeyInfo> = keys.iter().filter(fits).collect();
    let wanted = visible(
        selector
            .label
            .as_deref()
            .or(selector.id.as_deref())
            .unwrap_or_default(),
    );
    match found.as_slice() {
        [] => Err(HsmError::KeyUnknown { wanted }.into()),
        [key] if key.transferable => Ok((*key).clone()),
        [key] => Err(HsmError::KeyNotTransferable {
            wanted,
            reasons: key.reasons.clone(),
        }
        .into()),
        several => {
            let ids = several.iter().map(|key| key.id.clone()).collect();
            Err(HsmError::KeyAmbiguous { wanted, ids }.into())
        }
    }
}

/// The first exact strategy; failing that the first that leaves zero bytes after the key. The worker chooses by
/// the same rule, and what it used is compared.
fn choose_strategy(proofs: Vec<Proof>) -> Result<(Strategy, SelfTest), Error> {
    [SelfTest::Exact, SelfTest::TrailingZeros]
        .into_iter()
        .find_map(|wanted| proofs.iter().find(|proof| proof.outcome == wanted))
        .map(|proof| (proof.strategy, proof.outcome))
        .ok_or_else(|| {
            HsmError::SelfTestFailed {
                proofs: proofs.clone(),
            }
            .into()
        })
}

fn findings(question: &WrapQuestion) -> Vec<Finding> {
    let mut findings = question.kid.findings();
    if question.self_test == SelfTest::TrailingZeros {
        findings.push(Finding::warning(
            "trailing-zeros",
            "This token adds up to seven zero bytes after the key.",
            "Whether Azure takes them is unknown: compare the vault's public key with the token's after the import.",
        ));
    }
    if question.token.software {
        findings.push(Finding::warning(
            "software-token",
            "The key came from a software token; it was never in hardware.",
            "Use a key of an HSM for anything but practice.",
        ));
    }
    findings
}

/// Who said no, or what broke.
fn outcome_of(error: &Error) -> Outcome {
    match error {
        Error::SoftwareKeyRefused { .. }
        | Error::PracticeKeyRefused { .. }
        | Error::KekMismatch { .. }
        | Error::ApprovalRefused
        | Error::ApprovalTimeout { .. }
        | Error::ApprovalMismatch
        | Error::BridgeLocked
        | Error::PromptUnavailable
        | Error::Hsm(HsmError::KeyNotTransferable { .. } | HsmError::SelfTestFailed { .. }) => {
            Outcome::Refused
        }
        _ => Outcome::Failed,
    }
}

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
