//! `vault kek list`: the vault's keys that can import, and core's verdict on each.

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use keyferry_core::visible;
use serde::Serialize;

use super::show::examine;
use crate::Error;
use crate::cli::args::Global;
use crate::cli::online::Online;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::cli::table;
use crate::vault::VaultKey;

/// How many keys are asked for at once; the vault's pace slows all of them when it says so.
const AT_ONCE: usize = 4;

#[derive(Debug, Args)]
pub(super) struct List {
    /// The vault's or Managed HSM's address
    #[arg(long, value_name = "URL")]
    vault: String,
    #[command(flatten)]
    online: Online,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    vault: String,
    credential: String,
    keks: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    kid: String,
    bits: Option<u32>,
    enabled: bool,
    expires: Option<i64>,
    thumbprint_sha256: Option<String>,
    admitted: bool,
    /// The first rule that refuses it.
    code: Option<String>,
}

pub(super) async fn run(global: &Global, arguments: &List, out: &Out) -> Result<Ending, Error> {
    let settings = global.settings()?;
    let admission = settings.file.admission(None)?;
    let client = arguments
        .online
        .connect(&settings.state, admission, &arguments.vault, out)?;
    let listed = client.list().await?;
    let keys: Vec<VaultKey> = stream::iter(&listed)
        .map(|listing| client.show(&listing.name, None))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let can_import = |key: &&VaultKey| key.operations.iter().any(|name| name == "import");
    let keks = keys
        .iter()
        .zip(&listed)
        .filter(|(key, _)| can_import(key))
        .map(|(key, listing)| {
            let verdict = examine(&client, key).verdict;
            Row {
                name: listing.name.as_str().to_owned(),
                kid: key.kid.clone(),
                bits: verdict.bits,
                enabled: key.enabled.unwrap_or(true),
                expires: key.expires,
                thumbprint_sha256: verdict.thumbprint_sha256,
                admitted: verdict.admitted,
                code: verdict
                    .findings
                    .into_iter()
                    .find(keyferry_core::Finding::is_error)
                    .map(|finding| finding.code),
            }
        })
        .collect();
    let report = Report {
        vault: client.vault().url(),
        credential: client.credential().to_string(),
        keks,
    };
    if out.is_json() {
        out.object(&report);
    } else {
        show(&report, out);
    }
    Ok(Ending::Good)
}

fn show(report: &Report, out: &Out) {
    if report.keks.is_empty() {
        out.line(&format!(
            "No key here can import. Make one with: keyferry vault kek create --vault {} --name KEKforBYOK",
            visible(&report.vault)
        ));
        return;
    }
    let mut rows = vec![["NAME", "BITS", "ADMITTED", "KID"].map(str::to_owned)];
    rows.extend(report.keks.iter().map(|row| {
        let admitted = match &row.code {
            None => "yes".to_owned(),
            Some(code) => format!("no: {code}"),
        };
        [
            visible(&row.name),
            row.bits.map_or_else(String::new, |bits| bits.to_string()),
            admitted,
            visible(&row.kid),
        ]
    }));
    for line in table::lines(&rows) {
        out.line(&line);
    }
}
