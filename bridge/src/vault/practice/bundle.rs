//! A key as Key Vault's REST interface gives it: public JWK and attributes.

use super::opened::PublicHalf;
use super::request::Operation;
use super::store::{DeletedKey, StoredKey};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use time::Duration;

/// How long a deleted key could be recovered, were the run to last that long.
const RECOVERABLE: Duration = Duration::days(7);

/// The `KeyBundle` of an answer: base64url without padding, times in seconds since 1970.
pub(super) fn bundle(key: &StoredKey) -> Value {
    let mut jwk = Map::new();
    jwk.insert("kid".to_owned(), key.kid.clone().into());
    jwk.insert("kty".to_owned(), key.kty().into());
    jwk.insert("key_ops".to_owned(), operation_names(key));
    let encode = |bytes: &[u8]| Value::from(Base64UrlUnpadded::encode_string(bytes));
    match &key.public {
        PublicHalf::Rsa { modulus, exponent } => {
            jwk.insert("n".to_owned(), encode(modulus));
            jwk.insert("e".to_owned(), encode(exponent));
        }
        PublicHalf::Ec { curve, x, y } => {
            jwk.insert("crv".to_owned(), curve.name().into());
            jwk.insert("x".to_owned(), encode(x));
            jwk.insert("y".to_owned(), encode(y));
        }
        PublicHalf::Aes { .. } => {}
    }
    let answer = json!({ "key": jwk, "attributes": attributes(key) });
    with_tags(answer, key)
}

/// The `KeyItem` of a list: no public half.
pub(super) fn item(key: &StoredKey, kid: &str) -> Value {
    with_tags(json!({ "kid": kid, "attributes": attributes(key) }), key)
}

/// The `DeletedKeyBundle`.
pub(super) fn deleted_bundle(key: &DeletedKey) -> Value {
    with_deletion(bundle(&key.newest), key)
}

/// The `DeletedKeyItem` of a list.
pub(super) fn deleted_item(key: &DeletedKey) -> Value {
    with_deletion(item(&key.newest, without_version(&key.newest)), key)
}

/// A page of a list.
pub(super) fn page(items: Vec<Value>) -> Value {
    json!({ "value": items, "nextLink": null })
}

/// The list of names.
pub(super) fn names(keys: &[Arc<StoredKey>]) -> Value {
    let items = keys.iter().map(|key| item(key, without_version(key)));
    page(items.collect())
}

/// `key_ops`.
pub(super) fn operation_names(key: &StoredKey) -> Value {
    key.settings
        .operations
        .iter()
        .copied()
        .map(Operation::name)
        .collect()
}

fn without_version(key: &StoredKey) -> &str {
    key.kid.rsplit_once('/').map_or("", |(name, _)| name)
}

fn attributes(key: &StoredKey) -> Value {
    let mut attributes = json!({
        "enabled": key.settings.attributes.enabled.unwrap_or(true),
        "created": key.created.unix_timestamp(),
        "updated": key.updated.unix_timestamp(),
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": RECOVERABLE.whole_days(),
        "exportable": false,
    });
    if let Some(members) = attributes.as_object_mut() {
        for (name, time) in [
            ("nbf", key.settings.attributes.nbf),
            ("exp", key.settings.attributes.exp),
        ] {
            if let Some(time) = time {
                members.insert(name.to_owned(), time.into());
            }
        }
    }
    attributes
}

fn with_tags(mut answer: Value, key: &StoredKey) -> Value {
    if let (Some(members), Some(tags)) = (answer.as_object_mut(), &key.settings.tags) {
        members.insert("tags".to_owned(), json!(tags));
    }
    answer
}

fn with_deletion(mut answer: Value, key: &DeletedKey) -> Value {
    let recovery = without_version(&key.newest).replacen("/keys/", "/deletedkeys/", 1);
    if let Some(members) = answer.as_object_mut() {
        members.insert("recoveryId".to_owned(), recovery.into());
        let purge = key.at + RECOVERABLE;
        members.insert("deletedDate".to_owned(), key.at.unix_timestamp().into());
        members.insert(
            "scheduledPurgeDate".to_owned(),
            purge.unix_timestamp().into(),
        );
    }
    answer
}
