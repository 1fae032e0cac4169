//! How a key is wrapped: as the self-test proved or, for want of that, as the user says.

use keyferry_core::{
    AuditEntry, AuditEvent, Outcome, Requester, SelfTest, Strategy, TargetKind, TokenInfo,
};

use crate::Error;
use crate::approve::{Consent, DisposableQuestion};
use crate::audit_log::AuditLog;
use crate::hsm::{Choice, DisposableObjects, Hsm, HsmError, SelfTestReport};

/// What an unproven wrap is called in the record and among the findings.
pub(super) const UNPROVEN: &str = "unproven-strategy";

/// Who decides how a key is wrapped.
pub(super) struct Method<'order> {
    pub(super) target: TargetKind,
    pub(super) unproven: Option<Strategy>,
    pub(super) token: &'order TokenInfo,
    pub(super) asked_by: Requester,
}

impl Method<'_> {
    /// Runs the self-test, unless it was run, and chooses. Where nothing could be tried of the key's
    /// family with session objects, the user is asked whether token objects may serve.
    ///
    /// # Errors
    /// What the self-test, the person or the rules for an unproven strategy say.
    pub(super) async fn choose(
        &self,
        hsm: &Hsm,
        consent: &mut dyn Consent,
        audit: &AuditLog,
    ) -> Result<(Choice, SelfTestReport), Error> {
        let report = hsm.self_test().await?;
        if let Some(choice) = self.chosen(&report)? {
            return Ok((choice, report));
        }
        let nothing_tried = report
            .proofs
            .iter()
            .all(|proof| proof.outcome_for(self.target) == SelfTest::NotRun);
        if nothing_tried
            && report.objects == DisposableObjects::Session
            && self.allow_token_objects(consent, audit).await?
        {
            let report = hsm.self_test_with(DisposableObjects::Token).await?;
            if let Some(choice) = self.chosen(&report)? {
                return Ok((choice, report));
            }
            return self.without_proof(report);
        }
        self.without_proof(report)
    }

    fn chosen(&self, report: &SelfTestReport) -> Result<Option<Choice>, Error> {
        match (Choice::proven(&report.proofs, self.target), self.unproven) {
            // It is not needed, and taking it for the proven one would hide a misunderstanding.
            (Some(_), Some(strategy)) => {
                Ok(Choice::unproven(&report.proofs, self.target, strategy).map(Some)?)
            }
            (proven, _) => Ok(proven),
        }
    }

    fn without_proof(&self, report: SelfTestReport) -> Result<(Choice, SelfTestReport), Error> {
        match self.unproven {
            Some(strategy) => {
                let choice = Choice::unproven(&report.proofs, self.target, strategy)?;
                Ok((choice, report))
            }
            None => Err(HsmError::SelfTestFailed {
                kind: self.target,
                proofs: report.proofs,
            }
            .into()),
        }
    }

    /// Asks; without a place to ask the answer is no, and the transfer goes its way without.
    async fn allow_token_objects(
        &self,
        consent: &mut dyn Consent,
        audit: &AuditLog,
    ) -> Result<bool, Error> {
        let question = DisposableQuestion {
            token: self.token.label.clone(),
            asked_by: self.asked_by,
        };
        let answer = consent.allow_disposable(&question).await;
        let mut entry = AuditEntry::new(AuditEvent::SelfTest, Outcome::Done, self.asked_by);
        entry.token_serial = Some(self.token.serial.clone());
        entry.token_firmware = Some(self.token.firmware.clone());
        match answer {
            Ok(approval) => entry.approval = Some(approval),
            Err(ref error) => {
                entry.outcome = Outcome::Refused;
                entry.code = Some(error.code().to_owned());
            }
        }
        audit.append(entry).await?;
        match answer {
            Ok(_) => Ok(true),
            Err(Error::PromptUnavailable | Error::ApprovalRefused) => Ok(false),
            Err(other) => Err(other),
        }
    }
}
