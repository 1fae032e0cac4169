//! How each kind of a plan is wrapped, found out once.

use std::collections::BTreeMap;

use keyferry_core::{Requester, TargetKind, TokenInfo};

use super::method::Method;
use super::one_key::explain;
use crate::Error;
use crate::approve::Consent;
use crate::audit_log::AuditLog;
use crate::hsm::{Choice, SelfTestReport};
use crate::session::TokenSession;

/// The choice for each of `kinds`, or why there is none, and the report that they rest on. Nothing unproven is
/// chosen: that is asked for one key at a time.
///
/// # Errors
/// What the self-test as a whole says, or a person who is asked about token objects.
pub(crate) async fn choices(
    session: &TokenSession,
    token: &TokenInfo,
    kinds: impl IntoIterator<Item = TargetKind>,
    consent: &mut dyn Consent,
    audit: &AuditLog,
    asked_by: Requester,
) -> Result<(BTreeMap<TargetKind, Result<Choice, Error>>, SelfTestReport), Error> {
    let hsm = session.hsm().await?;
    let mut found = BTreeMap::new();
    for target in kinds {
        let method = Method {
            target,
            unproven: None,
            token,
            asked_by,
        };
        let chosen = match method.choose(hsm, consent, audit).await {
            Ok((choice, _)) => Ok(choice),
            Err(Error::Hsm(error @ crate::hsm::HsmError::SelfTestFailed { .. })) => {
                Err(explain(session, token, error, target))
            }
            Err(other) => return Err(other),
        };
        found.insert(target, chosen);
    }
    let report = hsm.self_test().await?;
    Ok((found, report))
}
