//! What is judged once for a KEK on a token, however many keys then go to it.

use std::sync::Arc;

use keyferry_core::{
    AttestationOutcome, AuditEntry, Kek, KeyInfo, KeySelector, Requester, TargetKind, TokenInfo,
};

use super::rules::{check_destination, check_transferable};
use super::terms::Terms;
use crate::Error;
use crate::approve::WrapQuestion;
use crate::config::SoftwareKeys;
use crate::hsm::{Choice, RehearsalKey};
use crate::policy::Judgement;
use crate::pool::Attested;
use crate::session::TokenSession;

/// A KEK that keys of an open token may go to, as far as that can be said without a key.
#[derive(Debug, Clone)]
pub struct Grounds {
    kek: Arc<Kek>,
    attested: Option<Attested>,
    token: TokenInfo,
    software: SoftwareKeys,
    terms: Terms,
}

/// A key that may go, and who has to say so.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What the key is.
    pub target: TargetKind,
    /// What this machine's policy says of it.
    pub judgement: Judgement,
}

impl Grounds {
    /// Judges the KEK by this machine's policy and by its attestation, where one is given, and opens the token.
    ///
    /// # Errors
    /// [`Error::PolicyRefused`], [`Error::AttestationRefused`], what opening the token says.
    pub async fn of(
        session: &TokenSession,
        kek: Arc<Kek>,
        attestation: Option<&[u8]>,
        software: SoftwareKeys,
    ) -> Result<Self, Error> {
        let terms = session.terms().clone();
        let attested = terms.check_kek(&kek, attestation)?;
        let token = session.open().await?.info.clone();
        Ok(Self {
            kek,
            attested,
            token,
            software,
            terms,
        })
    }

    /// The KEK.
    #[must_use]
    pub fn kek(&self) -> &Arc<Kek> {
        &self.kek
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &TokenInfo {
        &self.token
    }

    /// What the KEK's attestation shows, where one was given.
    #[must_use]
    pub fn attestation(&self) -> Option<AttestationOutcome> {
        self.attested.as_ref().map(Attested::outcome)
    }

    /// Puts down what is known so far.
    pub(super) fn note(&self, entry: &mut AuditEntry) {
        entry.attestation = self.attestation();
        entry.token_serial = Some(self.token.serial.clone());
        entry.token_firmware = Some(self.token.firmware.clone());
    }

    /// Practice stays practice and software stays software, whichever key is meant.
    ///
    /// # Errors
    /// [`Error::PracticeKeyRefused`], [`Error::SoftwareKeyRefused`].
    pub(super) fn admit(
        &self,
        key: &KeySelector,
        rehearsal: Option<&RehearsalKey>,
    ) -> Result<(), Error> {
        check_destination(self.kek.kid(), key, &self.token, self.software, rehearsal)
    }

    /// Judges one key of the token's list: may it go to this KEK, and who has to say so?
    ///
    /// # Errors
    /// As [`crate::transfer::wrap`], but for what only the self-test, a person and the wrap itself can say.
    pub fn judge(&self, key: &KeyInfo) -> Result<Judged, Error> {
        self.admit(&selector(key), None)?;
        self.judge_admitted(key)
    }

    /// The same of a key whose destination was checked.
    pub(super) fn judge_admitted(&self, key: &KeyInfo) -> Result<Judged, Error> {
        check_transferable(key)?;
        let target = key.kind.parse()?;
        let judgement = self
            .terms
            .judge(&key.label, &self.kek, self.attested.as_ref())?;
        Ok(Judged { target, judgement })
    }

    /// What this machine's policy says of a key that a plan names; whether it can travel was seen when the plan was
    /// made, and is seen again when it is wrapped.
    ///
    /// # Errors
    /// [`Error::PolicyRefused`], [`Error::PracticeKeyRefused`], [`Error::SoftwareKeyRefused`].
    pub fn judge_planned(&self, label: &str, id: &str) -> Result<Judgement, Error> {
        let key = KeySelector {
            label: Some(label.to_owned()),
            id: Some(id.to_owned()),
        };
        self.admit(&key, None)?;
        self.terms.judge(label, &self.kek, self.attested.as_ref())
    }

    /// The KEK's attestation, verified, where one was given.
    #[must_use]
    pub fn attested(&self) -> Option<&Attested> {
        self.attested.as_ref()
    }

    /// What a person is asked of one key that was judged.
    pub(crate) fn question(
        &self,
        label: String,
        id: String,
        target: TargetKind,
        choice: Choice,
        asked_by: Requester,
    ) -> WrapQuestion {
        WrapQuestion {
            label,
            id,
            target,
            token: self.token.clone(),
            thumbprint: *self.kek.thumbprint(),
            kid: self.kek.kid().clone(),
            choice,
            attested: self.attested.clone(),
            asked_by,
        }
    }
}

/// Exactly this key.
fn selector(key: &KeyInfo) -> KeySelector {
    KeySelector {
        label: Some(key.label.clone()),
        id: Some(key.id.clone()),
    }
}
