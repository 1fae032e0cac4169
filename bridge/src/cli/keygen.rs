//! `keygen`: a key that can travel.

use keyferry_core::{ApprovalKind, KeygenOrder, Requester, visible};

use super::args::{self, Global};
use super::out::Out;
use super::run::Ending;
use super::settings;
use crate::Error;
use crate::audit_log::AuditLog;
use crate::session::TokenSession;

pub(super) async fn run(
    global: &Global,
    arguments: &args::Keygen,
    out: &Out,
) -> Result<Ending, Error> {
    let kind = arguments
        .kind
        .parse()
        .map_err(|error: keyferry_core::Error| {
            Error::Usage(format!(
                "{} is no kind of key. {}",
                visible(&arguments.kind),
                error.advice()
            ))
        })?;
    let settings = global.settings()?;
    let audit = AuditLog::open(&settings.state)?;
    let session = TokenSession::new(&settings, settings::prompter(&settings)?);
    let order = KeygenOrder {
        kind,
        label: arguments.label.clone(),
    };
    // Typing the verb is the consent: a new key gives nothing away.
    let key = session
        .generate(&audit, &order, Requester::CommandLine, ApprovalKind::ByFlag)
        .await?;
    if out.is_json() {
        out.object(&key);
    } else {
        out.line(&format!(
            "Made {} {} (id {})",
            visible(&key.kind),
            visible(&key.label),
            visible(&key.id)
        ));
        out.line(&format!(
            "On token {}",
            settings::token_line(&session.open().await?.info)
        ));
    }
    Ok(Ending::Good)
}
