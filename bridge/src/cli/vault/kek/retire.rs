//! `vault kek retire`: a KEK that has served is disabled or deleted, asked each time.

use clap::Args;
use keyferry_core::{ApprovalKind, KeyName, Kid, Requester, Retirement, visible};
use serde::Serialize;

use crate::Error;
use crate::approve::{VaultAction, VaultQuestion};
use crate::audit_log::AuditLog;
use crate::cli::args::Global;
use crate::cli::online::Online;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::cli::settings;
use crate::vault::Recorded;

#[derive(Debug, Args)]
pub(super) struct Retire {
    /// The vault's or Managed HSM's address
    #[arg(long, value_name = "URL")]
    vault: String,
    /// The KEK's name
    #[arg(long, value_name = "NAME")]
    name: KeyName,
    /// Its version [default: the newest]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Disable this version; it can be enabled again
    #[arg(long, conflicts_with = "delete", required_unless_present = "delete")]
    disable: bool,
    /// Delete the key with all its versions; it can be recovered until it is purged
    #[arg(long)]
    delete: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    online: Online,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    kid: String,
    how: Retirement,
    approval: ApprovalKind,
}

pub(super) async fn run(global: &Global, arguments: &Retire, out: &Out) -> Result<Ending, Error> {
    let settings = global.settings()?;
    let admission = settings.file.admission(None)?;
    let client = arguments
        .online
        .connect(&settings.state, admission, &arguments.vault, out)?;
    let version = arguments.version.as_deref();
    let key = client.show(&arguments.name, version).await?;
    // Whatever else the name may mean, a key that is no KEK is not touched by this verb.
    if key.operations != ["import"] {
        return Err(Error::NotAKek {
            kid: visible(&key.kid),
        });
    }
    let kid = Kid::parse(&key.kid, client.admission())?;
    let how = if arguments.delete {
        Retirement::Delete
    } else {
        Retirement::Disable
    };
    let question = VaultQuestion {
        vault: client.vault().clone(),
        signed_in: client.credential().to_string(),
        action: VaultAction::RetireKek {
            kid: key.kid.clone(),
            how,
        },
        asked_by: Requester::CommandLine,
    };
    let approval = if arguments.yes {
        out.note(question.facts().trim_end());
        ApprovalKind::ByFlag
    } else {
        let prompter = settings::prompter(&settings)?;
        let approval = prompter.confirm_vault(&question).await?;
        approval.consume(client.vault(), &question.action)?
    };
    let audit = AuditLog::open(&settings.state)?;
    let recorded = Recorded {
        client: &client,
        audit: &audit,
        asked_by: Requester::CommandLine,
        approval: Some(approval),
    };
    recorded.retire(&kid, how).await?;
    if out.is_json() {
        out.object(&Report {
            kid: key.kid,
            how,
            approval,
        });
    } else {
        let done = match how {
            Retirement::Disable => "Disabled",
            Retirement::Delete => "Deleted",
        };
        out.verdict(true, &format!("{done} {}", visible(&key.kid)));
    }
    Ok(Ending::Good)
}
