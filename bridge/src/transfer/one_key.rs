//! What is done for each key, once it is approved: the request, the checks on what came back, the file.

use std::sync::Arc;

use keyferry_core::{
    AuditEntry, AuditLine, Blob, Ciphertext, Generator, Kek, KeySelector, TokenInfo,
};

use super::Transfer;
use super::findings::findings;
use super::method::UNPROVEN;
use crate::Error;
use crate::approve::WrapQuestion;
use crate::digest::sha256_hex;
use crate::hsm::{Coverage, HsmError, SelfTestReport, StrategyDemand, WrapRequest, Wrapped};
use crate::pool::Attested;
use crate::profile::Explainer;
use crate::session::TokenSession;

/// A key that may be wrapped: what is asked, and then done exactly so.
pub(crate) struct OneKey {
    kek: Arc<Kek>,
    question: WrapQuestion,
    strategy: StrategyDemand,
}

/// A key, wrapped as it was approved; its outcome is not on disk yet.
pub(crate) struct Finished {
    kek: Arc<Kek>,
    question: WrapQuestion,
    ciphertext: Ciphertext,
    wrapped: Wrapped,
}

impl OneKey {
    /// The key that `question` is about.
    pub(crate) fn of(kek: Arc<Kek>, question: WrapQuestion) -> Self {
        let strategy = match question.choice.coverage {
            Coverage::Kind { .. } | Coverage::Family { .. } => StrategyDemand::Proven,
            Coverage::Nothing => StrategyDemand::Unproven(question.choice.strategy),
        };
        Self {
            kek,
            question,
            strategy,
        }
    }

    /// What a person is asked.
    pub(crate) fn question(&self) -> &WrapQuestion {
        &self.question
    }

    /// Puts down what will be done.
    pub(crate) fn note(&self, entry: &mut AuditEntry) {
        let question = &self.question;
        entry.key_label = Some(question.label.clone());
        entry.key_id = Some(question.id.clone());
        entry.target = Some(question.target);
        entry.kid = Some(question.kid.as_str().to_owned());
        entry.kek_thumbprint_sha256 = Some(question.thumbprint.to_string());
        entry.token_serial = Some(question.token.serial.clone());
        entry.token_firmware = Some(question.token.firmware.clone());
        entry.attestation = question.attested.as_ref().map(Attested::outcome);
        entry.strategy = Some(question.choice.strategy);
        entry.self_test = Some(question.choice.self_test);
        if question.choice.coverage == Coverage::Nothing {
            entry.code = Some(UNPROVEN.to_owned());
        }
    }

    /// What the worker is asked.
    pub(crate) fn request(&self) -> WrapRequest {
        WrapRequest {
            key: KeySelector {
                label: Some(self.question.label.clone()),
                id: Some(self.question.id.clone()),
            },
            kek_modulus: self.kek.modulus().to_vec(),
            kek_exponent: self.kek.exponent().to_vec(),
            strategy: self.strategy,
        }
    }

    /// Takes the worker's answer if it is what was shown, approved and recorded.
    ///
    /// # Errors
    /// What the worker says, explained; an answer for another kind, by another way or of another length.
    pub(crate) fn finish(
        self,
        answer: Result<Wrapped, HsmError>,
        session: &TokenSession,
        entry: &mut AuditEntry,
    ) -> Result<Finished, Error> {
        let Self { kek, question, .. } = self;
        let wrapped =
            answer.map_err(|error| explain(session, &question.token, error, question.target))?;
        if wrapped.target != question.target || !wrapped.choice.is_same_way(&question.choice) {
            return Err(Error::Internal(
                "the worker wrapped otherwise than it was approved",
            ));
        }
        let ciphertext = Ciphertext::new(
            wrapped.ciphertext.clone(),
            kek.bits(),
            question.target,
            &wrapped.choice.proven_lengths,
        )
        .map_err(|_| HsmError::WrappedLength {
            kind: question.target,
            length: wrapped.ciphertext.len(),
            token: question.token.label.clone(),
        })?;
        entry.ciphertext_sha256 = Some(sha256_hex(ciphertext.as_bytes()));
        Ok(Finished {
            kek,
            question,
            ciphertext,
            wrapped,
        })
    }
}

impl Finished {
    /// The transfer, once its outcome is on disk as `record`.
    pub(crate) fn into_transfer(self, report: &SelfTestReport, record: AuditLine) -> Transfer {
        let Self {
            kek,
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
            blob: Blob::assemble(&kek, &ciphertext, &generator),
            findings: findings(&question, report),
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

/// A token's refusal, with what it means where that is known.
pub(super) fn explain(
    session: &TokenSession,
    token: &TokenInfo,
    error: HsmError,
    target: keyferry_core::TargetKind,
) -> Error {
    let explainer = Explainer {
        profile: session.profile(),
        token,
    };
    explainer.explain(error, target).into()
}
