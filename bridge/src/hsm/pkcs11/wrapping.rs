//! Self-test and wrap on an open token, and what is remembered between them.

use std::time::Instant;

use cryptoki::session::Session;
use cryptoki::slot::TokenInfo;
use cryptoki_sys::{
    CK_MECHANISM_TYPE, CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID,
    CKR_SESSION_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN, CKR_WRAPPING_KEY_HANDLE_INVALID,
};
use keyferry_core::{KeySelector, TargetKind};

use super::adapter::OpenToken;
use super::keys::{self, Keys, TokenKey};
use super::kind::KeyKind;
use super::never_wrappable::never_wrappable;
use crate::hsm::choice::Choice;
use crate::hsm::embedded::EmbeddedToken;
use crate::hsm::error::{Call, HsmError};
use crate::hsm::port::{DisposableObjects, SelfTestReport, StrategyDemand, WrapRequest, Wrapped};
use crate::hsm::self_test;
use crate::hsm::strategy::{
    KekNumbers, StrategyEntry, Templates, Workbench, candidates, disposable_label, mechanisms,
    sweep,
};

/// What was found out about the token since it was opened.
#[derive(Default)]
pub(super) struct Known {
    proven: Option<Proven>,
    templates: Templates,
    /// The session that wraps share; opening one is a round trip to the HSM.
    pub(super) session: Option<Session>,
    /// The keys of the last listing.
    pub(super) keys: Keys,
    /// When a wrap listed them anew.
    relisted: Option<Instant>,
}

impl Known {
    /// Handles never outlive the session in which they were learned.
    pub(super) fn forget_handles(&mut self) {
        self.session = None;
        self.keys = Keys::default();
    }
}

/// What the self-test showed, and of which firmware.
struct Proven {
    firmware: String,
    candidates: Vec<StrategyEntry>,
    report: SelfTestReport,
}

impl OpenToken {
    /// The self-test's report: from memory, unless the firmware changed or more is allowed now.
    pub(super) fn self_test(
        &mut self,
        objects: DisposableObjects,
    ) -> Result<&SelfTestReport, HsmError> {
        self.require_login()?;
        let told = self.same_token()?;
        let firmware = told.firmware_version().to_string();
        let proven = match self.known.proven.take() {
            Some(proven) if proven.firmware == firmware && proven.report.objects >= objects => {
                proven
            }
            _ => {
                let candidates = candidates(&mechanisms(&self.module.raw, self.slot)?)?;
                let report =
                    self.with_bench(objects, |bench| self_test::run(bench, &candidates))?;
                Proven {
                    firmware,
                    candidates,
                    report,
                }
            }
        };
        Ok(&self.known.proven.insert(proven).report)
    }

    /// Wraps one key. What is asked of the token besides the wrap itself: whether it is still the one that
    /// was opened, and whether the key is still the one that was listed.
    ///
    /// # Errors
    /// [`HsmError::NotLoggedIn`] only where nothing was wrapped.
    pub(super) fn wrap(&mut self, request: &WrapRequest) -> Result<Wrapped, HsmError> {
        self.require_login()?;
        if self.known.proven.is_none() {
            self.self_test(DisposableObjects::Session)?;
        }
        let before = self.module.raw.wraps();
        let outcome = match self.wrap_once(request) {
            // The session died, its objects with it; the next one may live. Or the key was deleted since it
            // was listed, and its name may be another's now.
            Err(error) if may_live_again(&error) && self.module.raw.wraps() == before => {
                self.renew()?;
                self.wrap_once(request)
            }
            outcome => outcome,
        };
        match outcome {
            Err(HsmError::NotLoggedIn) if self.module.raw.wraps() != before => {
                self.login_is_gone();
                #[allow(
                    clippy::useless_conversion,
                    reason = "CK_RV is 32 bits wide on Windows"
                )]
                let value = CKR_USER_NOT_LOGGED_IN.into();
                Err(HsmError::Call(Call::of_value("C_WrapKey", value)))
            }
            outcome => outcome,
        }
    }

    /// What the token says of itself, if it is the one that was opened.
    fn same_token(&self) -> Result<TokenInfo, HsmError> {
        let told = self.module.pkcs11.get_token_info(self.slot)?;
        if told.serial_number() == self.serial {
            Ok(told)
        } else {
            Err(HsmError::TokenReplaced)
        }
    }

    fn wrap_once(&mut self, request: &WrapRequest) -> Result<Wrapped, HsmError> {
        let _same = self.same_token()?;
        let session = match self.known.session.take() {
            Some(session) => session,
            None => self.module.pkcs11.open_ro_session(self.slot)?,
        };
        let found = self.find(&session, &request.key);
        self.known.session = Some(session);
        let key = found?;
        let target = target_of(&key, &request.key)?;
        let (choice, candidate) = self.choose(target, request.strategy)?;
        let kek = KekNumbers {
            modulus: request.kek_modulus.clone(),
            exponent: request.kek_exponent.clone(),
        };
        let outcome = self.with_bench(self.objects(), |bench| {
            candidate.wrap(bench, &kek, key.handle)
        });
        let ciphertext =
            outcome.map_err(|error| self.explain(error, &request.key, &key, candidate.needs))?;
        Ok(Wrapped {
            ciphertext,
            choice,
            target,
            spki: key.spki,
        })
    }

    /// How a key of this kind is wrapped, by what was found out.
    pub(super) fn choose(
        &self,
        target: TargetKind,
        demand: StrategyDemand,
    ) -> Result<(Choice, StrategyEntry), HsmError> {
        let proven = self.known.proven.as_ref().ok_or(HsmError::TokenNotOpen)?;
        let proofs = &proven.report.proofs;
        let choice = match demand {
            StrategyDemand::Proven => {
                Choice::proven(proofs, target).ok_or_else(|| HsmError::SelfTestFailed {
                    kind: target,
                    proofs: proofs.clone(),
                })?
            }
            StrategyDemand::Unproven(strategy) => Choice::unproven(proofs, target, strategy)?,
        };
        let candidate = proven
            .candidates
            .iter()
            .find(|candidate| candidate.strategy == choice.strategy)
            .ok_or(HsmError::StrategyNotListed {
                strategy: choice.strategy,
            })?;
        Ok((choice, *candidate))
    }

    /// What the objects of a moment were allowed to be.
    pub(super) fn objects(&self) -> DisposableObjects {
        self.known
            .proven
            .as_ref()
            .map_or(DisposableObjects::Session, |proven| proven.report.objects)
    }

    /// Why a wrap failed. What it may have left behind ends with its session.
    pub(super) fn explain(
        &mut self,
        error: HsmError,
        selector: &KeySelector,
        key: &TokenKey,
        needs: &[CK_MECHANISM_TYPE],
    ) -> HsmError {
        let Some(session) = self.known.session.take() else {
            return error;
        };
        match never_wrappable(&session, key.handle, needs, &error) {
            Some(reason) => HsmError::KeyNotTransferable {
                wanted: keys::describe(selector),
                reasons: vec![reason],
            },
            None => error,
        }
    }

    /// The key that is asked for: of the last listing if it is unchanged, else from a new one.
    pub(super) fn find(
        &mut self,
        session: &Session,
        selector: &KeySelector,
    ) -> Result<TokenKey, HsmError> {
        if let Ok(key) = self.known.keys.pick(selector) {
            match key.is_unchanged(&self.module.raw, session) {
                Ok(true) => return Ok(key.clone()),
                Err(HsmError::Call(call)) if call.is_of_the_session() => {
                    return Err(HsmError::Call(call));
                }
                // Changed or gone, whatever the token calls that: a new listing tells.
                Ok(false) | Err(_) => {}
            }
        }
        self.known.keys = Keys::list(&self.module.raw, session)?;
        self.known.relisted = Some(Instant::now());
        self.known.keys.pick(selector).cloned()
    }

    /// The same for one of many: keys that are gone cost one new listing in a while, not one each.
    pub(super) fn find_one_of_many(
        &mut self,
        session: &Session,
        selector: &KeySelector,
    ) -> Result<TokenKey, HsmError> {
        let fresh = |at: Instant| at.elapsed() < keys::FRESH;
        if self.known.relisted.is_some_and(fresh) {
            return self.known.keys.pick(selector).cloned();
        }
        self.find(session, selector)
    }

    /// Runs `work` with a session that fits what the objects of a moment may be. Token objects are
    /// swept away afterwards, whatever came of it.
    pub(super) fn with_bench<T>(
        &self,
        objects: DisposableObjects,
        work: impl FnOnce(&Workbench<'_>) -> Result<T, HsmError>,
    ) -> Result<T, HsmError> {
        let bench = |session| Workbench {
            raw: &self.module.raw,
            session,
            templates: &self.known.templates,
            token_objects: None,
        };
        match (objects, &self.known.session) {
            (DisposableObjects::Session, Some(session)) => work(&bench(session)),
            (DisposableObjects::Session, None) => {
                work(&bench(&self.module.pkcs11.open_ro_session(self.slot)?))
            }
            (DisposableObjects::Token, _) => {
                let _lock = self
                    .embedded
                    .as_ref()
                    .map(EmbeddedToken::lock)
                    .transpose()?;
                let session = self.module.pkcs11.open_rw_session(self.slot)?;
                let label = disposable_label()?;
                let outcome = work(&Workbench {
                    token_objects: Some(&label),
                    ..bench(&session)
                });
                sweep(&session, &label)?;
                outcome
            }
        }
    }
}

/// The kind of a key that can travel.
pub(super) fn target_of(key: &TokenKey, selector: &KeySelector) -> Result<TargetKind, HsmError> {
    match key.kind {
        KeyKind::Target(target) if key.reasons.is_empty() => Ok(target),
        _ => Err(HsmError::KeyNotTransferable {
            wanted: keys::describe(selector),
            reasons: key.reasons.clone(),
        }),
    }
}

/// Whether a wrap failed for want of a session or an object, so that it is worth another try. Of the wrap call
/// itself only what is said before the token begins: a device that fails within may have wrapped.
pub(super) fn may_live_again(error: &HsmError) -> bool {
    let Some(call) = error.call() else {
        return false;
    };
    let unbegun = [
        CKR_SESSION_HANDLE_INVALID,
        CKR_OBJECT_HANDLE_INVALID,
        CKR_KEY_HANDLE_INVALID,
        CKR_WRAPPING_KEY_HANDLE_INVALID,
    ];
    unbegun.into_iter().any(|value| call.is(value))
        || (call.function != "C_WrapKey" && call.is_of_the_session())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(function: &str, value: u64) -> HsmError {
        HsmError::Call(Call::of_value(function, value))
    }

    #[test]
    fn a_wrap_is_tried_again_only_where_the_token_had_not_begun_it() {
        for (function, value, again) in [
            ("C_CreateObject", 0x30, true),
            ("C_FindObjects", 0xB0, true),
            ("C_GenerateKey", 0xB3, true),
            ("C_GenerateKey", 0x70, false),
            ("C_WrapKey", 0xB3, true),
            ("C_WrapKey", 0x82, true),
            ("C_WrapKey", 0x60, true),
            ("C_WrapKey", 0x113, true),
            ("C_WrapKey", 0x30, false),
            ("C_WrapKey", 0x32, false),
            ("C_WrapKey", 0xB0, false),
            ("C_WrapKey", 0x5, false),
            ("C_WrapKey", 0x31, false),
        ] {
            assert_eq!(
                may_live_again(&error(function, value)),
                again,
                "{function} 0x{value:X}"
            );
        }
    }
}
