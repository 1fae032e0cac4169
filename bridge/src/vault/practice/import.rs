//! `PUT /keys/{name}`: the file is read, opened and compared with what the request says of it.

use super::cause::Cause;
use super::flavour::Flavour;
use super::open;
use super::opened::{Opened, Quirk};
use super::refusal::Refusal;
use super::request::{ImportBody, KeyName, Settings, family_name};
use super::secret::Secret;
use super::store::{NewKey, Store, StoredKey, internal};
use base64ct::{Base64UrlUnpadded, Encoding};
use keyferry_core::{Admission, Blob, Error, Family, KeyOperation, Kid, KidProblem, TargetKind};
use std::sync::Arc;

/// Imports. Slow (an RSA private operation): not for an async thread.
pub(super) fn import(
    store: &Store,
    flavour: Flavour,
    name: &KeyName,
    body: &ImportBody,
) -> Result<(Arc<StoredKey>, Opened), Refusal> {
    let family = family_of(&body.key.kty)?;
    let file = body.key.key_hsm.as_deref().ok_or_else(|| {
        Refusal::new(
            Cause::NoBlob,
            "The request has no key_hsm: the practice vault imports key transfer blobs alone.",
        )
    })?;
    let file = Base64UrlUnpadded::decode_vec(file)
        .map_err(|_| Refusal::new(Cause::NoBlob, "key_hsm is not base64url without padding."))?;
    let blob = read(store, &file)?;
    let kek = find_kek(store, blob.kid())?;
    let Secret::Rsa(private) = kek.secret.as_ref() else {
        return Err(not_a_kek(&kek.kid));
    };

    let mut key = open::open(private, blob.ciphertext().as_bytes())?;
    check_kind(family, body.key.crv.as_deref(), key.kind)?;
    let settings = Settings::of_imported(body, family, KeyOperation::of(key.kind))?;
    if key.kind.is_aes() && flavour == Flavour::Vault {
        key.quirks.push(Quirk::AesInVault);
    }
    let new = NewKey {
        kind: key.kind,
        public: key.public.clone(),
        secret: key.secret,
        settings,
    };
    let stored = store.insert(name, new)?;
    let opened = Opened {
        name: name.as_str().to_owned(),
        kid: stored.kid.clone(),
        kek: kek.kid.clone(),
        kind: key.kind,
        public: key.public,
        quirks: key.quirks,
    };
    store.report(opened.clone());
    Ok((stored, opened))
}

fn family_of(kty: &str) -> Result<Family, Refusal> {
    match kty {
        "RSA-HSM" => Ok(Family::Rsa),
        "EC-HSM" => Ok(Family::Ec),
        "oct-HSM" => Ok(Family::Aes),
        _ => Err(Refusal::new(
            Cause::KeyType,
            "kty is not RSA-HSM, EC-HSM or oct-HSM: a blob goes into an HSM.",
        )),
    }
}

/// Core reads the file, and admits kids of this vault besides Azure's.
fn read(store: &Store, file: &[u8]) -> Result<Blob, Refusal> {
    let admission = Admission {
        practice: Some(store.authority().clone()),
        ..Admission::default()
    };
    Blob::parse(file, &admission).map_err(|error| match error {
        Error::Kid(KidProblem::Host(_)) => foreign(),
        error => Refusal::new(
            Cause::Blob,
            format!(
                "The key transfer blob is refused ({}): {error}.",
                error.code()
            ),
        ),
    })
}

fn find_kek(store: &Store, kid: &Kid) -> Result<Arc<StoredKey>, Refusal> {
    let Kid::Practice(kid) = kid else {
        return Err(foreign());
    };
    let name = KeyName::parse(kid.key_name())?;
    let key = store
        .get(&name, &kid.version().map(str::to_owned))
        .map_err(|refusal| match refusal.cause() {
            Cause::KeyNotFound => foreign(),
            _ => internal(refusal),
        })?;
    if key.settings.is_kek() {
        Ok(key)
    } else {
        Err(not_a_kek(&key.kid))
    }
}

fn foreign() -> Refusal {
    Refusal::new(
        Cause::ForeignKek,
        "The key transfer blob was wrapped to a key that is not in this key vault.",
    )
}

fn not_a_kek(kid: &str) -> Refusal {
    Refusal::new(
        Cause::NotAKek,
        format!(
            "The key {kid} cannot import: it is not an enabled key with the operation import alone."
        ),
    )
}

/// Key type and curve of the request against what was opened.
fn check_kind(family: Family, crv: Option<&str>, opened: TargetKind) -> Result<(), Refusal> {
    if family != opened.family() {
        let (asked, found) = (family_name(family), family_name(opened.family()));
        return Err(Refusal::new(
            Cause::KindMismatch,
            format!("The request says {asked}, but the key transfer blob holds an {found} key."),
        ));
    }
    let found = opened.curve().map(|curve| curve.name());
    if crv == found {
        return Ok(());
    }
    let message = match found {
        Some(found) => format!(
            "The request's crv does not say {found}, the curve of the key transfer blob's key."
        ),
        None => format!(
            "The request has a crv, but the key transfer blob holds an {} key.",
            family_name(family)
        ),
    };
    Err(Refusal::new(Cause::KindMismatch, message))
}
