//! A key as `az keyvault key show -o json` prints it.

use super::bundle::operation_names;
use super::opened::PublicHalf;
use super::store::StoredKey;
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The document: two spaces, members sorted, **standard** base64 with padding, ISO times, and all
/// private members present as null.
pub(super) fn az_key_show(key: &StoredKey) -> String {
    let encode = |bytes: &[u8]| Value::from(Base64::encode_string(bytes));
    let mut document = json!({
        "attributes": {
            "created": iso(key.created),
            "enabled": key.settings.attributes.enabled.unwrap_or(true),
            "expires": key.settings.attributes.exp.and_then(iso_of_seconds),
            "exportable": false,
            "hsmPlatform": null,
            "keySize": null,
            "notBefore": key.settings.attributes.nbf.and_then(iso_of_seconds),
            "recoverableDays": 7,
            "recoveryLevel": "Recoverable+Purgeable",
            "updated": iso(key.updated),
        },
        "key": {
            "crv": null, "d": null, "dp": null, "dq": null, "e": null, "k": null,
            "keyOps": operation_names(key),
            "kid": key.kid,
            "kty": key.kty(),
            "n": null, "p": null, "q": null, "qi": null, "t": null, "x": null, "y": null,
        },
        "managed": null,
        "releasePolicy": null,
        "tags": key.settings.tags,
    });
    if let Some(members) = document.get_mut("key").and_then(Value::as_object_mut) {
        match &key.public {
            PublicHalf::Rsa { modulus, exponent } => {
                members.insert("n".to_owned(), encode(modulus));
                members.insert("e".to_owned(), encode(exponent));
            }
            PublicHalf::Ec { curve, x, y } => {
                members.insert("crv".to_owned(), curve.name().into());
                members.insert("x".to_owned(), encode(x));
                members.insert("y".to_owned(), encode(y));
            }
            PublicHalf::Aes { .. } => {}
        }
    }
    format!("{document:#}\n")
}

/// `2026-11-24T00:02:29+00:00`: whole seconds, and an offset where RFC 3339 would write `Z`.
fn iso(time: OffsetDateTime) -> Option<String> {
    let whole = time.replace_nanosecond(0).ok()?;
    let text = whole.format(&Rfc3339).ok()?;
    Some(text.replace('Z', "+00:00"))
}

fn iso_of_seconds(seconds: i64) -> Option<String> {
    iso(OffsetDateTime::from_unix_timestamp(seconds).ok()?)
}
