//! The run of a batch from the command line: folder, plan, approval, ledger, and then the engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keyferry_core::Requester;

use super::args::Batch;
use super::progress::Progress;
use super::way::Way;
use super::{ending, planning};
use crate::Error;
use crate::approve::{ByFlag, PlanEnd, PlanList};
use crate::audit_log::AuditLog;
use crate::batch::ledger::LedgerPlace;
use crate::batch::plan::{Plan, PlanHash};
use crate::batch::run::{self, Ended, OnFailure, Stop};
use crate::batch::{
    Asking, BatchError, BatchFolder, Before, Conditions, Hold, KeptApprovals, Ledger, Prepared,
    begin, imports, listing, write_pages, write_report,
};
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::cli::wrap::flag;
use crate::cli::{serve, settings};
use crate::config::Settings;
use crate::error::shown;
use crate::session::TokenSession;

/// What there is to do.
enum ToDo {
    /// Keys are left.
    Run(Box<Ready>),
    /// No key can travel.
    NoKey(Plan),
    /// Every key is done: only the report is written again.
    Nothing(Ledger, Arc<Plan>, BatchFolder),
}

/// Everything that is ready when a run may begin.
struct Ready {
    batch: run::Batch,
    ledger: Ledger,
    plan: Arc<Plan>,
    folder: BatchFolder,
    kept: KeptApprovals,
    _hold: Hold,
}

pub(super) async fn run(settings: Settings, arguments: &Batch, out: &Out) -> Result<Ending, Error> {
    let ready = tokio::select! {
        biased;
        () = serve::stopped() => Err(Error::Interrupted),
        ready = prepare(&settings, arguments, out) => ready,
    }?;
    let ready = match ready {
        ToDo::Run(ready) => *ready,
        ToDo::NoKey(plan) => return planning::tell(&plan, 0, out),
        ToDo::Nothing(ledger, plan, folder) => {
            write_pages(&folder, &plan, arguments.pages()).await?;
            return nothing(&ledger, &plan, folder.path(), arguments, out).await;
        }
    };
    let Ready {
        batch,
        ledger,
        plan,
        folder,
        kept,
        _hold,
    } = ready;
    let progress = Arc::new(Progress::new(*out));
    let stop = Stop::default();
    let running = {
        let progress = Arc::clone(&progress);
        batch.run(stop.clone(), move |event| progress.hear(event))
    };
    let ended = tokio::select! {
        ended = running => ended,
        () = stopped_twice(&stop, &progress) => Err(Error::Interrupted),
    };
    progress.end();
    let ended = ended?;
    // Also while a ledger's server is waited for.
    let report = tokio::select! {
        biased;
        () = serve::stopped() => Err(Error::Interrupted),
        report = async {
            write_pages(&folder, &plan, arguments.pages()).await?;
            write_report(&ledger, &plan, folder.path()).await
        } => report,
    }?;
    if ended.is_whole() {
        kept.forget(plan.hash())?;
    }
    let option = arguments.ledger_option();
    let folder = folder.path();
    Ok(ending::tell(&plan, &ended, folder, &report, &option, out))
}

async fn nothing(
    ledger: &Ledger,
    plan: &Plan,
    folder: &Path,
    arguments: &Batch,
    out: &Out,
) -> Result<Ending, Error> {
    let report = write_report(ledger, plan, folder).await?;
    let ended = Ended {
        counts: ledger.counts(plan.hash()).await.map_err(BatchError::from)?,
        done: 0,
        failed: 0,
        took: Duration::ZERO,
        stopped: None,
    };
    let option = arguments.ledger_option();
    Ok(ending::tell(plan, &ended, folder, &report, &option, out))
}

/// The first stop lets what is in flight come to its end, the second does not.
async fn stopped_twice(stop: &Stop, progress: &Progress) {
    serve::stopped().await;
    stop.stop();
    progress.note("Stopping: what is in flight is finished. A second Ctrl-C ends at once.");
    serve::stopped().await;
}

async fn prepare(settings: &Settings, arguments: &Batch, out: &Out) -> Result<ToDo, Error> {
    let path = arguments
        .out
        .as_deref()
        .ok_or_else(|| Error::Usage("say where the files go with --out FOLDER".to_owned()))?;
    check_folder(path, arguments)?;
    let mut hold = Hold::take(path).map_err(BatchError::from)?;
    let way = Way::of(settings, arguments, out)?;
    let audit = AuditLog::open(&settings.state)?;
    let prompter = settings::prompter(settings)?;
    let session = Arc::new(TokenSession::new(settings, prompter.clone()));
    let flags = flags(arguments)?;
    let place = place(arguments, path)?;
    let (mut left, mut import) = (None, arguments.imports());
    let (plan, ledger) = match &arguments.resume {
        Some(hash) => {
            let ledger = Ledger::open(&place).await.map_err(BatchError::from)?;
            let plan = found(&ledger, &hold, hash.as_deref()).await?;
            let hash = plan.hash();
            import = imports(&ledger, hash, import)
                .await
                .map_err(BatchError::from)?;
            let counts = ledger.counts(hash).await.map_err(BatchError::from)?;
            if counts.done == counts.lines {
                let folder = BatchFolder::open(path)?.for_plan(&plan)?;
                return Ok(ToDo::Nothing(ledger, Arc::new(plan), folder));
            }
            left = Some(u64::from(counts.not_done()));
            (plan, Some(ledger))
        }
        None => {
            refuse_second(&hold, path)?;
            let plan = planning::make(arguments, settings, &session, &audit, &way).await?;
            (plan, None)
        }
    };
    if plan.lines().is_empty() {
        return Ok(ToDo::NoKey(plan));
    }
    let plan = Arc::new(plan);
    let conditions = Conditions {
        admission: way.admission(),
        software: settings.software,
        flags: &flags,
        asked_by: Requester::CommandLine,
    };
    let mut asked = prompter.clone();
    let prepared =
        Prepared::of(Arc::clone(&plan), &session, &mut asked, &audit, &conditions).await?;

    let folder = BatchFolder::open(path)?;
    let text = folder.write_list(listing(&plan))?;
    let left = left.unwrap_or_else(|| super::count(plan.lines().len()));
    let vaults = way.clients(import, &plan)?;
    let end = match &vaults {
        Some(signed_in) => PlanEnd::Import {
            signed_in: signed_in.words.clone(),
        },
        None => PlanEnd::Files,
    };
    let mut question = prepared.question(left, end, text.to_string_lossy().into_owned())?;
    if ledger.is_none() {
        question.new_versions = way.present(import, &plan).await?;
    }
    let kept = KeptApprovals::of(&settings.state)?;
    let asking = Asking {
        flags: &flags,
        kept: &kept,
        before: if ledger.is_some() {
            Before::Stands
        } else {
            Before::Ask
        },
        prompter: &prompter,
        show: &|facts| out.note(facts),
        second: &|| {},
    };
    let approval = asking
        .ask(&prepared, &question, PlanList(Arc::clone(&plan)), &audit)
        .await?;

    let (ledger, seat) = begin(&mut hold, ledger, &place, &plan, &approval).await?;
    let folder = folder.for_plan(&plan)?;
    let batch = run::Batch {
        prepared: Arc::new(prepared),
        approval,
        seat,
        folder: folder.clone(),
        sessions: sessions(session, arguments, &audit).await?,
        audit,
        #[cfg(feature = "vault")]
        vaults: vaults.map(|vaults| vaults.clients),
        on_failure: if arguments.fail_fast {
            OnFailure::Stop
        } else {
            OnFailure::GoOn
        },
    };
    Ok(ToDo::Run(Box::new(Ready {
        batch,
        ledger,
        plan,
        folder,
        kept,
        _hold: hold,
    })))
}

/// One session for each worker; the first is the one that everything else was asked of.
async fn sessions(
    first: Arc<TokenSession>,
    arguments: &Batch,
    audit: &AuditLog,
) -> Result<Vec<Arc<TokenSession>>, Error> {
    let mut sessions = vec![Arc::clone(&first)];
    for _ in 1..arguments.jobs {
        let session = first.sibling();
        session.unlock(audit).await?;
        // Before the first key, as for the first worker: it takes longer than many keys do.
        let _known = session.hsm().await?.self_test().await?;
        sessions.push(Arc::new(session));
    }
    Ok(sessions)
}

fn flags(arguments: &Batch) -> Result<Vec<ByFlag>, Error> {
    let mut flags = Vec::new();
    for expected in &arguments.expect_kek {
        flags.extend(flag(Some(expected), false.into())?);
    }
    // A KEK that is expected counts even beside --yes: it can only refuse more.
    if flags.is_empty() {
        flags.extend(flag(None, arguments.yes.into())?);
    }
    Ok(flags)
}

fn place(arguments: &Batch, folder: &Path) -> Result<LedgerPlace, Error> {
    match &arguments.ledger {
        Some(text) => Ok(text.parse().map_err(BatchError::Ledger)?),
        None => Ok(LedgerPlace::File(folder.join("ledger.sqlite"))),
    }
}

/// A batch's folder holds nothing else: its files must be known for its own.
fn check_folder(path: &Path, arguments: &Batch) -> Result<(), Error> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match &arguments.resume {
                Some(_) if arguments.ledger.is_none() => Err(Error::Usage(format!(
                    "there is no batch in {} to go on with",
                    shown(path)
                ))),
                _ => Ok(()),
            };
        }
        Err(error) => return Err(Error::unreadable(path, error)),
    };
    let names: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
        .collect();
    let known = names.iter().any(|name| name == "batch.json");
    if known || names.is_empty() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{} holds other files: name a new folder or an empty one with --out",
        shown(path)
    )))
}

fn refuse_second(hold: &Hold, path: &Path) -> Result<(), Error> {
    match hold.plan() {
        None => Ok(()),
        Some(plan) => Err(Error::Usage(format!(
            "{} holds the batch of the plan {plan} already; go on with it by `keyferry batch --resume --out {}`",
            shown(path),
            shown(path)
        ))),
    }
}

/// The plan to go on with: the folder's, the one that is named, or the only one of the ledger.
async fn found(ledger: &Ledger, hold: &Hold, named: Option<&str>) -> Result<Plan, Error> {
    let named: Option<PlanHash> = named
        .map(str::parse)
        .transpose()
        .map_err(|reason: &str| Error::Usage(format!("--resume: {reason}")))?;
    let hash = match (hold.plan(), named) {
        (Some(own), Some(named)) if own != named => {
            return Err(Error::Usage(format!(
                "the folder belongs to the plan {own}, not to {named}"
            )));
        }
        (Some(own), _) => own,
        (None, Some(named)) => named,
        (None, None) => match ledger.plans().await.map_err(BatchError::from)?.as_slice() {
            [only] => *only,
            [] => {
                return Err(Error::Usage(
                    "the ledger holds no plan to go on with".to_owned(),
                ));
            }
            several => {
                let hashes: Vec<String> = several.iter().map(ToString::to_string).collect();
                return Err(Error::Usage(format!(
                    "the ledger holds several plans; say which: --resume {}",
                    hashes.join(", --resume ")
                )));
            }
        },
    };
    Ok(ledger.plan(hash).await.map_err(BatchError::from)?)
}
