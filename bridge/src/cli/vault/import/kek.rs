//! The KEK that a file was made for, as the vault has it now.

use keyferry_core::{Kek, KekSource, KeyName, visible};

use crate::Error;
use crate::clock;
use crate::vault::{Trouble, VaultClient, VaultKey};

/// The KEK that the file was made for, as the vault has it now: still there, still good, and the one
/// that the receipt names.
pub(in crate::cli) async fn kek_of_kid(
    client: &VaultClient,
    kid: &keyferry_core::Kid,
    thumbprint: Option<&str>,
) -> Result<Kek, Error> {
    let kek_name = KeyName::parse(kid.key_name())?;
    let key = match client.show(&kek_name, kid.version()).await {
        Err(error) if error.trouble() == Some(Trouble::KeyNotFound) => {
            return Err(Error::KekGone {
                kid: visible(kid.as_str()),
            });
        }
        other => other?,
    };
    admit(client, &key, thumbprint)
}

/// Core's verdict on a KEK as the vault has it, and that it is the one that was noted.
pub(in crate::cli) fn admit(
    client: &VaultClient,
    key: &VaultKey,
    thumbprint: Option<&str>,
) -> Result<Kek, Error> {
    let kek = Kek::admit(&KekSource {
        document: &key.document,
        beside: None,
        kid: None,
        now: clock::now(),
        admission: client.admission(),
    })?;
    match thumbprint {
        Some(noted) if noted != kek.thumbprint().to_string() => Err(Error::KekMismatch {
            actual: kek.thumbprint().to_string(),
            expected: visible(noted),
        }),
        _ => Ok(kek),
    }
}
