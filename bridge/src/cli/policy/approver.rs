//! `policy approver`: from a secret, asked natively, to its hash.

use serde::Serialize;

use super::Approver;
use crate::Error;
use crate::approve::{Place, Prompter};
use crate::cli::args::Global;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::config::SettingsFile;
use crate::policy::{SecretHash, check_name};
use crate::state::StateFolder;

/// What `--json` prints.
#[derive(Serialize)]
struct Made<'a> {
    name: &'a str,
    secret: &'a str,
}

pub(super) async fn run(global: &Global, arguments: &Approver, out: &Out) -> Result<Ending, Error> {
    let name = &arguments.name;
    check_name(name).map_err(Error::Usage)?;
    let settings = match StateFolder::place(global.state.as_deref()) {
        Some(state) => SettingsFile::read(&state.join("config.toml"))?,
        None => SettingsFile::default(),
    };
    let prompter = Prompter::choose(&settings, Place::TerminalFirst)?;
    let facts = format!("{:<11}{name}\n", "Approver");
    let secret = prompter.secret(&facts, "New secret").await?;
    let again = prompter.secret(&facts, "The same again").await?;
    // EXPOSE: both were typed by the same person just now.
    if secret.expose() != again.expose() {
        return Err(Error::SecretUnfit {
            why: "the second time it was another",
        });
    }
    let hash = SecretHash::make(&secret)?;
    if out.is_json() {
        out.object(&Made {
            name,
            secret: hash.as_str(),
        });
    } else {
        // JSON's text is TOML's too: the name holds no control characters.
        let quoted = serde_json::to_string(name).unwrap_or_default();
        out.line("[[approver]]");
        out.line(&format!("name = {quoted}"));
        out.line(&format!("secret = \"{}\"", hash.as_str()));
    }
    out.note("Put these lines into the policy, and the name into a rule's second_approver.");
    Ok(Ending::Good)
}
