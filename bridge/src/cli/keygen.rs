//! `keygen`: a key that can travel.

use keyferry_core::{ApprovalKind, KeyInfo, KeygenOrder, Requester, visible};
use serde::Serialize;

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
    let labels = labels(arguments)?;
    let mut made = Vec::with_capacity(labels.len());
    for label in labels {
        let order = KeygenOrder { kind, label };
        // Typing the verb is the consent: a new key gives nothing away.
        let key = session
            .generate(&audit, &order, Requester::CommandLine, ApprovalKind::ByFlag)
            .await?;
        tell(&key, out);
        made.push(key);
    }
    match (made.as_slice(), arguments.count) {
        ([key], None) if out.is_json() => out.object(key),
        _ if out.is_json() => out.object(&Made { keys: made }),
        _ => out.line(&format!(
            "On token {}",
            settings::token_line(&session.open().await?.info)
        )),
    }
    Ok(Ending::Good)
}

/// What `--count` prints with `--json`.
#[derive(Serialize)]
struct Made {
    keys: Vec<KeyInfo>,
}

/// One label, or one for each number.
fn labels(arguments: &args::Keygen) -> Result<Vec<String>, Error> {
    const NUMBER: &str = "{n}";
    let label = &arguments.label;
    let Some(count) = arguments.count else {
        return Ok(vec![label.clone()]);
    };
    if count > 1 && !label.contains(NUMBER) {
        return Err(Error::Usage(
            "with --count the label needs {n}, which stands for each key's number".to_owned(),
        ));
    }
    Ok((1..=count)
        .map(|number| label.replace(NUMBER, &number.to_string()))
        .collect())
}

fn tell(key: &KeyInfo, out: &Out) {
    if !out.is_json() {
        out.line(&format!(
            "Made {} {} (id {})",
            visible(&key.kind),
            visible(&key.label),
            visible(&key.id)
        ));
    }
}
