//! `keys`: the token's keys, and which of them can travel.

use keyferry_core::{KeyInfo, KeysAnswer, visible};

use super::args::Global;
use super::out::Out;
use super::run::Ending;
use super::{settings, table};
use crate::Error;
use crate::audit_log::AuditLog;
use crate::session::TokenSession;

pub(super) async fn run(global: &Global, out: &Out) -> Result<Ending, Error> {
    let settings = global.settings()?;
    let audit = AuditLog::open(&settings.state)?;
    let session = TokenSession::new(&settings, settings::prompter(&settings)?);
    let keys = session.keys(&audit).await?;
    let answer = KeysAnswer {
        token: session.open().await?.info.clone(),
        keys,
    };
    if out.is_json() {
        out.object(&answer);
    } else {
        show(&answer, out);
    }
    Ok(Ending::Good)
}

fn show(answer: &KeysAnswer, out: &Out) {
    out.line(&format!("Token {}", settings::token_line(&answer.token)));
    if answer.keys.is_empty() {
        out.line(
            "No keys. Make one that can travel with: keyferry keygen --kind RSA-3072 --label NAME",
        );
        return;
    }
    let mut rows = vec![["LABEL", "ID", "KIND", "CAN TRAVEL"].map(str::to_owned)];
    rows.extend(answer.keys.iter().map(|key| {
        let travel = if key.transferable {
            "yes".to_owned()
        } else {
            format!("no: {}", reasons(key))
        };
        [
            visible(&key.label),
            visible(&key.id),
            visible(&key.kind),
            travel,
        ]
    }));
    for line in table::lines(&rows) {
        out.line(&line);
    }
}

fn reasons(key: &KeyInfo) -> String {
    let reasons: Vec<String> = key
        .reasons
        .iter()
        .map(|reason| visible(&reason.message))
        .collect();
    reasons.join("; ")
}
