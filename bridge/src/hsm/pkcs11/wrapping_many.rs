//! Several keys under one KEK: the token takes the KEK once, and the pipe carries one question for all of them.

use cryptoki::session::Session;

use super::adapter::OpenToken;
use super::keys::TokenKey;
use super::wrapping::{may_live_again, target_of};
use crate::hsm::choice::Choice;
use crate::hsm::error::HsmError;
use crate::hsm::port::{DisposableObjects, Part, WrapMany, Wrapped};
use crate::hsm::strategy::{KekNumbers, StrategyEntry};
use keyferry_core::{KeySelector, TargetKind};

/// Keys that are wrapped under one import of the KEK, and told of together.
const TOGETHER: usize = 16;

/// A key that is found and can travel, and how it will be wrapped.
struct Ready {
    key: TokenKey,
    target: TargetKind,
    choice: Choice,
    candidate: StrategyEntry,
}

impl OpenToken {
    /// Wraps each key, telling of some at a time; what it returns are the last ones' answers. A key that fails is
    /// that key's failure and hinders no other; what a single wrap would do over (its session died, the key was
    /// deleted since it was listed) is done by a single wrap.
    ///
    /// # Errors
    /// What concerns all of them: no login, another token, a self-test that cannot run.
    pub(super) fn wrap_many(
        &mut self,
        many: &WrapMany,
        tell: &mut dyn FnMut(Part),
    ) -> Result<Vec<Result<Wrapped, HsmError>>, HsmError> {
        // Here the serial is compared too, once for all that is wrapped in a moment.
        self.self_test(self.objects())?;
        let mut last = Vec::new();
        for keys in many.keys.chunks(TOGETHER) {
            if !last.is_empty() {
                tell(Part::Wrapped(std::mem::take(&mut last)));
            }
            last = self.wrap_some(many, keys)?;
        }
        Ok(last)
    }

    fn wrap_some(
        &mut self,
        many: &WrapMany,
        keys: &[KeySelector],
    ) -> Result<Vec<Result<Wrapped, HsmError>>, HsmError> {
        if self.objects() == DisposableObjects::Token {
            return Ok(self.one_by_one(many, keys));
        }
        let session = match self.known.session.take() {
            Some(session) => session,
            None => self.module.pkcs11.open_ro_session(self.slot)?,
        };
        let ready: Vec<Result<Ready, HsmError>> = keys
            .iter()
            .map(|selector| self.make_ready(&session, selector, many))
            .collect();
        self.known.session = Some(session);
        let kek = KekNumbers {
            modulus: many.kek_modulus.clone(),
            exponent: many.kek_exponent.clone(),
        };
        // The outer failure is the KEK's own: each single wrap then tells it, or finds that it was the session's.
        let made = self.with_bench(DisposableObjects::Session, |bench| {
            let kek = kek.import(bench)?;
            let each = ready.iter().map(|ready| {
                let ready = ready.as_ref().ok()?;
                let candidate = &ready.candidate;
                Some(candidate.wrap_under(bench, &kek, ready.key.handle))
            });
            Ok(each.collect::<Vec<_>>())
        });
        let Ok(made) = made else {
            self.known.session = None;
            return Ok(self.one_by_one(many, keys));
        };
        let together = keys.iter().zip(ready).zip(made);
        Ok(together
            .map(|((selector, ready), made)| self.conclude(many, selector, ready, made))
            .collect())
    }

    fn one_by_one(
        &mut self,
        many: &WrapMany,
        keys: &[KeySelector],
    ) -> Vec<Result<Wrapped, HsmError>> {
        let keys = keys.iter();
        keys.map(|key| self.wrap(&many.one(key))).collect()
    }

    fn make_ready(
        &mut self,
        session: &Session,
        selector: &KeySelector,
        many: &WrapMany,
    ) -> Result<Ready, HsmError> {
        let key = self.find_one_of_many(session, selector)?;
        let target = target_of(&key, selector)?;
        let (choice, candidate) = self.choose(target, many.strategy)?;
        Ok(Ready {
            key,
            target,
            choice,
            candidate,
        })
    }

    fn conclude(
        &mut self,
        many: &WrapMany,
        selector: &KeySelector,
        ready: Result<Ready, HsmError>,
        made: Option<Result<Vec<u8>, HsmError>>,
    ) -> Result<Wrapped, HsmError> {
        let ready = match ready {
            Err(error) if may_live_again(&error) => return self.wrap(&many.one(selector)),
            other => other?,
        };
        match made {
            Some(Ok(ciphertext)) => Ok(Wrapped {
                ciphertext,
                choice: ready.choice,
                target: ready.target,
                spki: ready.key.spki,
            }),
            Some(Err(error)) if may_live_again(&error) => {
                self.known.session = None;
                self.wrap(&many.one(selector))
            }
            Some(Err(error)) => {
                let needs = ready.candidate.needs;
                Err(self.explain(error, selector, &ready.key, needs))
            }
            None => Err(HsmError::ModuleAnswer {
                why: "a key was left out".into(),
            }),
        }
    }
}
