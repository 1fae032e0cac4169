//! `audit head`: number and hash of the last line. Whoever keeps them elsewhere can later see every edit before it.

use std::path::Path;

use crate::Error;
use crate::audit_log::Snapshot;
use crate::cli::out::Out;
use crate::cli::run::Ending;

pub(super) fn run(folder: &Path, out: &Out) -> Result<Ending, Error> {
    let head = Snapshot::take(folder)?.agreed_head()?;
    if out.is_json() {
        out.object(&head);
    } else {
        out.line(&head.to_string());
    }
    Ok(Ending::Good)
}
