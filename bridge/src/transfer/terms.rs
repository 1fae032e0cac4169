//! On which terms keys travel from a token: this machine's policy, the pools that are pinned, the roots of HSMs.

use std::path::PathBuf;

use keyferry_core::{
    AttestationVerdict, Finding, HardwareVerdict, Kek, Kid, PoolVerdict, Service, Severity,
    TrustedRoots,
};

use crate::Error;
use crate::approve::{Approval, Consent, WrapQuestion, by_policy};
use crate::config::Settings;
use crate::hsm::Coverage;
use crate::policy::{Asking, Case, Judgement, Policy};
use crate::pool::{Attested, PoolPins};

/// The terms of one session.
#[derive(Debug, Clone)]
pub struct Terms {
    policy: Policy,
    /// The state folder, where the pins are: read anew for each transfer, so that a new pin counts at once.
    state: PathBuf,
    roots: TrustedRoots,
}

impl Terms {
    /// What the settings say, under the HSM maker's own roots.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            policy: settings.policy.clone(),
            state: settings.state.path().to_owned(),
            roots: TrustedRoots::marvell(),
        }
    }

    /// The same under other roots; no verb does this.
    #[must_use]
    pub fn trusting(self, roots: TrustedRoots) -> Self {
        Self { roots, ..self }
    }

    /// Refuses a KEK before the token is troubled, and verifies its attestation when one is given.
    ///
    /// # Errors
    /// [`Error::PolicyRefused`]; [`Error::AttestationRefused`] for an attestation that does not hold, whoever
    /// says yes to it.
    pub(super) fn check_kek(
        &self,
        kek: &Kek,
        attestation: Option<&[u8]>,
    ) -> Result<Option<Attested>, Error> {
        self.policy.check_kek(kek)?;
        let Some(document) = attestation else {
            return Ok(None);
        };
        let pin = PoolPins::read(&self.state)?.of(kek.kid());
        let attested = Attested::verify(document, kek, pin, &self.roots)?;
        let verdict = attested.verdict();
        // Without an attestation there is nothing to refuse: the policy says whether one is needed.
        let absent = verdict.hardware.verdict == HardwareVerdict::NotAvailable
            && verdict.pool.verdict != PoolVerdict::Mismatch;
        if verdict.is_good() || absent {
            return Ok(Some(attested));
        }
        Err(Error::AttestationRefused {
            finding: Box::new(first_error(verdict)),
        })
    }

    /// What the policy says of this key and KEK.
    ///
    /// # Errors
    /// [`Error::PolicyRefused`].
    pub(super) fn judge(
        &self,
        label: &str,
        kek: &Kek,
        attested: Option<&Attested>,
    ) -> Result<Judgement, Error> {
        self.policy.judge(&Case {
            label,
            kek,
            attestation: attested.map(Attested::verdict),
        })
    }
}

/// The approval: by the policy's match where it leaves the question out, else by whoever is asked. What no
/// self-test opened takes a person in any case.
pub(super) async fn approval(
    judgement: &Judgement,
    question: &WrapQuestion,
    consent: &mut dyn Consent,
) -> Result<Approval, Error> {
    let sound = question.choice.coverage != Coverage::Nothing
        && question.choice.self_test == keyferry_core::SelfTest::Exact;
    if judgement.asking == Asking::Nobody && sound {
        Ok(by_policy(question))
    } else {
        consent.ask(question).await
    }
}

/// What an attestation, or its absence, adds to the findings of a transfer.
pub(super) fn attestation_findings(kid: &Kid, attested: Option<&Attested>) -> Vec<Finding> {
    match attested {
        Some(attested) => attested
            .verdict()
            .findings
            .iter()
            .filter(|finding| finding.severity != Severity::Note)
            .cloned()
            .collect(),
        None if kid.service() == Service::ManagedHsm => vec![Finding::unchecked(
            "attestation-not-given",
            "no attestation of the KEK was given, so nothing shows that it lives in an Azure HSM",
            "A Managed HSM attests its keys: `az keyvault key get-attestation`, and give the file with --attestation.",
        )],
        None => Vec::new(),
    }
}

/// Why an attestation does not hold.
fn first_error(verdict: &AttestationVerdict) -> Finding {
    let named = verdict.findings.iter().find(|finding| finding.is_error());
    named
        .or(verdict.findings.first())
        .cloned()
        .unwrap_or_else(|| {
            Finding::new(
                Severity::Error,
                "attestation-refused",
                verdict.key.why.clone(),
                "Do not wrap to this KEK.",
            )
        })
}
