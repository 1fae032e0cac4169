//! A key as Key Vault's REST interface gives it: public JWK and attributes.

use super::opened::PublicHalf;
use super::request::Operation;
use super::store::StoredKey;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};

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
    let created = key.created.unix_timestamp();
    // Nothing is kept after a deletion here, and the level says so.
    let mut attributes = json!({
        "enabled": key.settings.attributes.enabled.unwrap_or(true),
        "created": created,
        "updated": created,
        "recoveryLevel": "Purgeable",
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
    let mut answer = json!({ "key": jwk, "attributes": attributes });
    if let (Some(members), Some(tags)) = (answer.as_object_mut(), &key.settings.tags) {
        members.insert("tags".to_owned(), json!(tags));
    }
    answer
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
