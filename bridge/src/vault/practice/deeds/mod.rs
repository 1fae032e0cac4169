//! What a key in the practice vault does: sign, verify, encrypt, decrypt, wrap and unwrap, with the
//! algorithms of Key Vault (`JsonWebKeySignatureAlgorithm`, `JsonWebKeyEncryptionAlgorithm`).

mod aes_deeds;
mod ec_deeds;
mod rsa_deeds;

use super::call::Deed;
use super::cause::Cause;
use super::refusal::Refusal;
use super::request::UseBody;
use super::secret::Secret;
use super::store::StoredKey;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

/// Uses a key. Slow for RSA: not for an async thread.
pub(super) fn perform(key: &StoredKey, deed: Deed, body: &UseBody) -> Result<Value, Refusal> {
    key.settings
        .check_use(deed, time::OffsetDateTime::now_utc())?;
    if deed == Deed::Verify {
        let (digest, signature) = (
            bytes(body.digest.as_deref())?,
            bytes(body.value.as_deref())?,
        );
        let good = match key.secret.as_ref() {
            Secret::Rsa(private) => rsa_deeds::verify(private, &body.alg, &digest, &signature)?,
            Secret::Ec(curve, scalar) => {
                ec_deeds::verify(*curve, scalar, &body.alg, &digest, &signature)?
            }
            Secret::Aes(_) => return Err(no_algorithm(&body.alg)),
        };
        return Ok(json!({ "value": good }));
    }
    let value = bytes(body.value.as_deref())?;
    let result = match (key.secret.as_ref(), deed) {
        (Secret::Rsa(private), Deed::Sign) => rsa_deeds::sign(private, &body.alg, &value)?,
        (Secret::Rsa(private), Deed::Encrypt | Deed::WrapKey) => {
            rsa_deeds::encrypt(private, &body.alg, &value)?
        }
        (Secret::Rsa(private), Deed::Decrypt | Deed::UnwrapKey) => {
            rsa_deeds::decrypt(private, &body.alg, &value)?
        }
        (Secret::Ec(curve, scalar), Deed::Sign) => {
            ec_deeds::sign(*curve, scalar, &body.alg, &value)?
        }
        (Secret::Aes(secret), Deed::Encrypt | Deed::Decrypt) => {
            let iv = bytes(body.iv.as_deref())?;
            let result = aes_deeds::crypt(secret, deed, &body.alg, &iv, &value)?;
            return Ok(json!({ "kid": key.kid, "value": text(&result), "iv": text(&iv) }));
        }
        (Secret::Aes(secret), Deed::WrapKey | Deed::UnwrapKey) => {
            aes_deeds::wrap(secret, deed, &body.alg, &value)?
        }
        _ => return Err(no_algorithm(&body.alg)),
    };
    Ok(json!({ "kid": key.kid, "value": text(&result) }))
}

fn bytes(text: Option<&str>) -> Result<Vec<u8>, Refusal> {
    text.and_then(|text| Base64UrlUnpadded::decode_vec(text).ok())
        .ok_or_else(|| bad_value("A value is missing or is not base64url without padding."))
}

fn text(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn no_algorithm(alg: &str) -> Refusal {
    Refusal::new(
        Cause::Algorithm,
        format!(
            "The algorithm {} is not one of this key's type.",
            keyferry_core::visible(alg)
        ),
    )
}

fn bad_value(message: &str) -> Refusal {
    Refusal::new(Cause::Value, message)
}
