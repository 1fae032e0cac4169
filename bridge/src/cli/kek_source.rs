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

/// A KEK that was admitted.
pub(super) struct Found {
    pub(super) kek: Kek,
    /// For its warnings.
    pub(super) verdict: KekVerdict,
    /// What its vault attests, where it was asked and does.
    pub(super) attestation: Option<Vec<u8>>,
}

/// The KEK that `wrap` names.
pub(super) async fn admit(
    arguments: &Wrap,
    settings: &Settings,
    out: &Out,
) -> Result<Found, Error> {
    // A practice kid in a file is none here: only the practice vault itself can say that it is one.
    let admission = settings.file.admission(None)?;
    match as_kid(&arguments.kek) {
        None => {
            let (kek, verdict) = kek::admit(
                &arguments.kek,
                arguments.beside.as_deref(),
                arguments.kid.as_deref(),
                &admission,
            )?;
            Ok(Found {
                kek,
                verdict,
                attestation: None,
            })
        }
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
) -> Result<Found, Error> {
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
        now: crate::clock::now(),
        admission: client.admission(),
    };
    Ok(Found {
        kek: Kek::admit(&source)?,
        verdict: Kek::examine(&source).verdict,
        attestation: client.attestation(&name, &key.version).await?,
    })
}

#[cfg(not(feature = "vault"))]
async fn of_vault(
    kid: &str,
    _arguments: &Wrap,
    _settings: &Settings,
    _admission: keyferry_core::Admission,
    _out: &Out,
) -> Result<Found, Error> {
    Err(Error::Usage(format!(
        "this build speaks to no vault: load {} into a file with `az keyvault key show -o json`",
        keyferry_core::visible(kid)
    )))
}
