//! Behind the login: keys and strategies, where getting there asks nobody unasked.

use keyferry_core::{Finding, KeyInfo, Reason};

use super::examine::{Order, SelfTestWish};
use super::{findings, self_test_findings};
use crate::Error;
use crate::audit_log::AuditLog;
use crate::hsm::{ChosenToken, Hsm, HsmError, Module, PinState, SelfTestReport};
use crate::pin::PinSource;
use crate::session::TokenSession;

/// What the login made possible.
#[derive(Default)]
pub(super) struct Inside {
    pub(super) keys: Option<Vec<KeyInfo>>,
    pub(super) report: Option<SelfTestReport>,
    pub(super) obstacle: Option<Reason>,
}

impl Inside {
    /// Logs in, if that was provided for, and looks at keys and strategies.
    pub(super) async fn look(
        order: &Order<'_>,
        hsm: Hsm,
        token: &ChosenToken,
        found: &mut Vec<Finding>,
    ) -> Result<Self, Error> {
        let mut inside = Self::default();
        if token.token.pin_state == PinState::Locked || (token.login_required && !token.pin_set) {
            let error = if token.pin_set {
                HsmError::PinLocked
            } else {
                HsmError::PinNotSet
            };
            // Its finding stands among those of the PIN.
            inside.obstacle = Some(findings::obstacle(&error.into()));
            return Ok(inside);
        }
        let mut settings = order.settings.clone();
        if !token.login_required {
            settings.pin_source = Some(PinSource::Protected);
        } else if settings.pin_source.is_none()
            && matches!(settings.open.module, Module::Library { .. })
        {
            // Nobody is asked unasked, and no PIN is tried.
            found.push(findings::keys_not_listed(token));
            if order.self_test == SelfTestWish::Yes {
                inside.stop(self_test_findings::needs_login(), found);
            } else if !token.listed.is_empty() {
                found.push(self_test_findings::not_run());
            }
            return Ok(inside);
        }
        // Without a record nothing is wrapped.
        let audit = match AuditLog::open(&settings.state) {
            Ok(audit) => audit,
            Err(error) => {
                inside.stop(findings::obstacle(&error), found);
                return Ok(inside);
            }
        };
        let session = TokenSession::over(hsm, &settings, order.prompter.clone());
        match session.keys(&audit).await {
            Ok(keys) => inside.keys = Some(keys),
            Err(error) => {
                inside.stop(findings::obstacle(&error), found);
                return Ok(inside);
            }
        }
        if token.listed.is_empty() {
            return Ok(inside);
        }
        if order.self_test == SelfTestWish::No {
            found.push(self_test_findings::not_run());
            return Ok(inside);
        }
        match session.hsm().await?.self_test().await {
            Ok(report) => inside.report = Some(report),
            Err(error) => inside.stop(findings::obstacle(&error.into()), found),
        }
        Ok(inside)
    }

    /// Nothing can travel, for this reason.
    fn stop(&mut self, obstacle: Reason, found: &mut Vec<Finding>) {
        found.push(findings::of_obstacle(&obstacle));
        self.obstacle = Some(obstacle);
    }
}
