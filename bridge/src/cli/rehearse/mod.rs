//! `rehearse`: a whole ceremony for practice, with the user's own token and keys that are destroyed
//! at its end, whatever that end is.

mod ground;
mod journey;
mod report;

use std::path::PathBuf;

use clap::Args;
use keyferry_core::{KekBits, TargetKind, visible};

use self::ground::Ground;
use self::journey::Journey;
use self::report::Report;
use super::args::Global;
use super::out::Out;
use super::run::Ending;
use super::steps::Steps;
use super::{serve, settings};
use crate::Error;
use crate::audit_log::AuditLog;
use crate::session::TokenSession;

#[derive(Debug, Args)]
pub(super) struct Rehearse {
    /// A kind of key to rehearse with; may be repeated [default: every kind that the token makes]
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// Bits of the practice KEK: 2048, 3072 or 4096
    #[arg(long, value_name = "BITS", default_value_t = 4096)]
    kek_size: u32,
    /// Keep the key transfer files in this folder, for other programs to import into a practice vault that runs
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) async fn run(global: &Global, arguments: &Rehearse, out: &Out) -> Result<Ending, Error> {
    let asked = kinds(&arguments.kind)?;
    let kek_bits = KekBits::from_bits(arguments.kek_size).ok_or_else(|| {
        Error::Usage(format!(
            "--kek-size {} is not 2048, 3072 or 4096",
            arguments.kek_size
        ))
    })?;
    let settings = global.settings()?;
    let steps = Steps::new(*out);
    let audit = AuditLog::open(&settings.state)?;
    let session = TokenSession::new(&settings, settings::prompter(&settings)?);

    let rehearsal = async {
        steps.headline(
            "Keyferry rehearsal. For practice only: disposable keys, and nothing goes to Azure.",
        );
        let begun = steps.begin("opening the token");
        let token = session.open().await?.info.clone();
        begun.done("token", &settings::token_line(&token));
        session.unlock(&audit).await?;
        let ground = Ground::find(&settings.state).await?;
        let kek = ground.kek(kek_bits, &steps).await?;
        let journey = Journey {
            session: &session,
            audit: &audit,
            client: ground.client(),
            steps: &steps,
            kek: &kek,
            keep: arguments.out.as_deref(),
        };
        let mut keys = Vec::new();
        for kind in asked.as_deref().unwrap_or(&TargetKind::ALL) {
            keys.push(journey.travel(*kind).await);
        }
        Ok(Report::new(token, &kek, keys, asked.is_some()))
    };
    let outcome = tokio::select! {
        biased;
        () = serve::stopped() => Err(Error::Interrupted),
        outcome = rehearsal => outcome,
    };
    // Whatever happened: what this run made is destroyed, and a further Ctrl-C does not hinder it.
    let left = session.destroy_rehearsal_keys(&audit).await.err();
    let report = match (outcome, left) {
        (Ok(report), left) => report.with_left(left),
        (Err(error), None) => return Err(error),
        (Err(error), Some(left)) => {
            out.note(&format!("{error}"));
            return Err(left);
        }
    };
    report.show(out);
    Ok(if report.is_good() {
        Ending::Good
    } else {
        Ending::Negative
    })
}

/// The kinds that were asked for; none means all.
fn kinds(names: &[String]) -> Result<Option<Vec<TargetKind>>, Error> {
    let parse = |name: &String| {
        name.parse().map_err(|error: keyferry_core::Error| {
            Error::Usage(format!(
                "{} is no kind of key. {}",
                visible(name),
                error.advice()
            ))
        })
    };
    let kinds: Vec<TargetKind> = names.iter().map(parse).collect::<Result<_, _>>()?;
    Ok((!kinds.is_empty()).then_some(kinds))
}
