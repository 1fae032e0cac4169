//! A vault's keys, each with whether it can serve as KEK.

use futures_util::{StreamExt, stream};
use keyferry_core::{
    Admission, Kek, KekSource, KekVerdict, Kid, Reason, Severity, VaultKeyInfo, VaultKeysAnswer,
};

use crate::Error;
use crate::clock;
use crate::vault::{KeyListing, VaultClient, VaultKey};

/// How many keys are looked at. A vault that holds KEKs has a handful.
const LOOKED_AT: usize = 250;

/// Calls at once: a vault slows down whoever asks for much at a time.
const AT_ONCE: usize = 8;

/// Lists the keys and looks at the newest version of each.
pub(super) async fn keys(client: &VaultClient) -> Result<VaultKeysAnswer, Error> {
    let mut listed = client.list().await?;
    listed.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    let left_out = listed.len().saturating_sub(LOOKED_AT);
    listed.truncate(LOOKED_AT);
    let mut keys: Vec<VaultKeyInfo> = stream::iter(listed)
        .map(|listing| look_at(client, listing))
        .buffered(AT_ONCE)
        .collect()
        .await;
    // What can be chosen stands first.
    keys.sort_by_key(|key| !key.usable);
    Ok(VaultKeysAnswer {
        vault: client.vault().url(),
        signed_in: client.credential().to_string(),
        keys,
        left_out: left_out.try_into().unwrap_or(u32::MAX),
    })
}

/// A key that cannot be shown is listed with the reason: the others are no worse for it.
async fn look_at(client: &VaultClient, listing: KeyListing) -> VaultKeyInfo {
    match client.show(&listing.name, None).await {
        Ok(key) => describe(&key, listing.name.as_str(), client.admission()),
        Err(error) => VaultKeyInfo {
            kid: client.vault().kid(&listing.name, None),
            name: listing.name.as_str().to_owned(),
            kind: String::new(),
            expires: None,
            usable: false,
            reasons: vec![Reason {
                code: error.code().to_owned(),
                message: error.to_string(),
                advice: error.advice(),
            }],
        },
    }
}

/// The same examination that a KEK's file passes says whether it can serve.
fn describe(key: &VaultKey, name: &str, admission: &Admission) -> VaultKeyInfo {
    let verdict = Kek::examine(&KekSource {
        document: &key.document,
        beside: None,
        kid: None,
        now: clock::now(),
        admission,
    })
    .verdict;
    VaultKeyInfo {
        name: name.to_owned(),
        kid: key.kid.clone(),
        kind: kind(key, &verdict),
        expires: key.expires,
        usable: verdict.admitted,
        reasons: refusals(verdict),
    }
}

fn kind(key: &VaultKey, verdict: &KekVerdict) -> String {
    let curve = key.import_type.and_then(|kind| kind.curve());
    match (verdict.bits, curve) {
        (Some(bits), _) => format!("{} {bits}", key.kty),
        (None, Some(curve)) => format!("{} {}", key.kty, curve.name()),
        (None, None) => key.kty.clone(),
    }
}

fn refusals(verdict: KekVerdict) -> Vec<Reason> {
    verdict
        .findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| Reason {
            code: finding.code.to_string(),
            message: finding.message,
            advice: finding.advice,
        })
        .collect()
}

/// The key's name, and its version when the identifier has one.
pub(super) fn parts(kid: &Kid) -> Result<(keyferry_core::KeyName, Option<&str>), Error> {
    Ok((
        keyferry_core::KeyName::parse(kid.key_name())?,
        kid.version(),
    ))
}
