//! Where a wrap's KEK comes from: a file, or the vault itself.

use std::path::Path;

use keyferry_core::{Kek, KekVerdict};

use super::args::Wrap;
use super::kek;
use super::out::Out;
use crate::Error;
use crate::config::Settings;

/// An identifier in place of a file's name.
fn as_kid(source: &Path) -> Option<&str> {
    let text = source.to_str()?;
    let scheme = text.get(..8)?;
    scheme.eq_ignore_ascii_case("https://").then_some(text)
}

/// The KEK that `wrap` names, admitted, with the verdict for its warnings.
pub(super) async fn admit(
    arguments: &Wrap,
    settings: &Settings,
    out: &Out,
) -> Result<(Kek, KekVerdict), Error> {
    // A practice kid in a file is none here: only the practice vault itself can say that it is one.
    let admission = settings.file.admission(None)?;
    match as_kid(&arguments.kek) {
        None => kek::admit(
            &arguments.kek,
            arguments.beside.as_deref(),
            arguments.kid.as_deref(),
            &admission,
        ),
        Some(kid) => of_vault(kid, arguments, settings, admission, out).await,
    }
}

#[cfg(feature = "vault")]
async fn of_vault(
    kid: &str,
    arguments: &Wrap,
    settings: &Settings,
    admission: keyferry_core::Admission,
    out: &Out,
) -> Result<(Kek, KekVerdict), Error> {
    use super::document;
    use keyferry_core::{KekSource, KeyName, Kid, MAX_KEK_DOCUMENT, VaultAddress};
    let outward = arguments.online.outward(&settings.state, admission, out)?;
    let kid = Kid::parse(kid, outward.admission())?;
    let client = outward.connect(&VaultAddress::of(&kid))?;
    let client = super::online::announced(client, out)?;
    let name = KeyName::parse(kid.key_name())?;
    let key = client.show(&name, kid.version()).await?;
    let beside = arguments
        .beside
        .as_deref()
        .map(|file| document::read(file, MAX_KEK_DOCUMENT))
        .transpose()?;
    let source = KekSource {
        document: &key.document,
        beside: beside.as_deref(),
        kid: arguments.kid.as_deref(),
        now: kek::now(),
        admission: client.admission(),
    };
    Ok((Kek::admit(&source)?, Kek::examine(&source).verdict))
}

#[cfg(not(feature = "vault"))]
async fn of_vault(
    kid: &str,
    _arguments: &Wrap,
    _settings: &Settings,
    _admission: keyferry_core::Admission,
    _out: &Out,
) -> Result<(Kek, KekVerdict), Error> {
    Err(Error::Usage(format!(
        "this build speaks to no vault: load {} into a file with az keyvault key show -o json",
        keyferry_core::visible(kid)
    )))
}
