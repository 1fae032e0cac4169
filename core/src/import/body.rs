//! The body of `PUT {vault}/keys/{name}`.

use super::KeyOperation;
use crate::TargetKind;
use serde_json::{Map, Value, json};

/// What the imported key starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// Usable at once.
    pub enabled: bool,
    /// Not before, seconds since 1970.
    pub not_before: Option<i64>,
    /// Expires, seconds since 1970.
    pub expires: Option<i64>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            enabled: true,
            not_before: None,
            expires: None,
        }
    }
}

/// The import body: `key_hsm` is the whole `.byok` file in base64url without padding.
///
/// Operations that the kind cannot have are left out, because the service refuses the whole call
/// for one of them.
pub fn import_body(
    kind: TargetKind,
    operations: &[KeyOperation],
    file: &[u8],
    attributes: Attributes,
) -> Value {
    let allowed = KeyOperation::of(kind);
    let names: Vec<&str> = operations
        .iter()
        .filter(|operation| allowed.contains(operation))
        .map(|operation| operation.name())
        .collect();
    let mut key = Map::new();
    key.insert("kty".to_owned(), json!(kind.kty()));
    if let Some(curve) = kind.curve() {
        key.insert("crv".to_owned(), json!(curve.name()));
    }
    key.insert("key_ops".to_owned(), json!(names));
    key.insert("key_hsm".to_owned(), json!(crate::to_base64url(file)));
    let mut body_attributes = Map::new();
    body_attributes.insert("enabled".to_owned(), json!(attributes.enabled));
    if let Some(seconds) = attributes.not_before {
        body_attributes.insert("nbf".to_owned(), json!(seconds));
    }
    if let Some(seconds) = attributes.expires {
        body_attributes.insert("exp".to_owned(), json!(seconds));
    }
    json!({ "key": key, "attributes": body_attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ec_key_carries_its_curve_and_signs_only() {
        let wanted = [
            KeyOperation::Sign,
            KeyOperation::Verify,
            KeyOperation::WrapKey,
        ];
        assert_eq!(
            import_body(TargetKind::P256K, &wanted, b"{}", Attributes::default()),
            json!({
                "key": { "kty": "EC-HSM", "crv": "P-256K", "key_ops": ["sign", "verify"], "key_hsm": "e30" },
                "attributes": { "enabled": true }
            })
        );
    }

    #[test]
    fn an_rsa_key_has_no_curve_and_keeps_its_dates() {
        let attributes = Attributes {
            enabled: false,
            not_before: Some(1),
            expires: Some(2),
        };
        assert_eq!(
            import_body(
                TargetKind::Rsa3072,
                &[KeyOperation::UnwrapKey],
                &[0xfb, 0xff],
                attributes
            ),
            json!({
                "key": { "kty": "RSA-HSM", "key_ops": ["unwrapKey"], "key_hsm": "-_8" },
                "attributes": { "enabled": false, "nbf": 1, "exp": 2 }
            })
        );
    }

    #[test]
    fn an_aes_key_is_an_octet_key() {
        let body = import_body(
            TargetKind::Aes256,
            KeyOperation::of(TargetKind::Aes256),
            b"",
            Attributes::default(),
        );
        assert_eq!(body.pointer("/key/kty"), Some(&json!("oct-HSM")));
        assert_eq!(
            body.pointer("/key/key_ops"),
            Some(&json!(["encrypt", "decrypt", "wrapKey", "unwrapKey"]))
        );
    }
}
