//! RSA: RS256…RS512 (RFC 8017 §8.2), PS256…PS512 (§8.1), RSA-OAEP, RSA-OAEP-256 (§7.1), RSA1_5 (§7.2).

use super::{bad_value, no_algorithm};
use crate::vault::practice::refusal::Refusal;
use rsa::PrivateKey;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

pub(super) fn sign(key: &PrivateKey, alg: &str, digest: &[u8]) -> Result<Vec<u8>, Refusal> {
    let signature = match alg {
        "RS256" => key.pkcs1v15_sign_prehash::<Sha256>(digest),
        "RS384" => key.pkcs1v15_sign_prehash::<Sha384>(digest),
        "RS512" => key.pkcs1v15_sign_prehash::<Sha512>(digest),
        "PS256" => key.pss_sign_prehash::<Sha256>(digest),
        "PS384" => key.pss_sign_prehash::<Sha384>(digest),
        "PS512" => key.pss_sign_prehash::<Sha512>(digest),
        _ => return Err(no_algorithm(alg)),
    };
    signature.map_err(|_| bad_value("The digest has another length than the algorithm's."))
}

pub(super) fn verify(
    key: &PrivateKey,
    alg: &str,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, Refusal> {
    let key = key.to_public_key();
    let verified = match alg {
        "RS256" => key.pkcs1v15_verify_prehash::<Sha256>(digest, signature),
        "RS384" => key.pkcs1v15_verify_prehash::<Sha384>(digest, signature),
        "RS512" => key.pkcs1v15_verify_prehash::<Sha512>(digest, signature),
        "PS256" => key.pss_verify_prehash::<Sha256>(digest, signature),
        "PS384" => key.pss_verify_prehash::<Sha384>(digest, signature),
        "PS512" => key.pss_verify_prehash::<Sha512>(digest, signature),
        _ => return Err(no_algorithm(alg)),
    };
    Ok(verified.is_ok())
}

pub(super) fn encrypt(key: &PrivateKey, alg: &str, value: &[u8]) -> Result<Vec<u8>, Refusal> {
    let key = key.to_public_key();
    let encrypted = match alg {
        "RSA-OAEP" => key.oaep_encrypt::<Sha1>(value),
        "RSA-OAEP-256" => key.oaep_encrypt::<Sha256>(value),
        "RSA1_5" => key.pkcs1v15_encrypt(value),
        _ => return Err(no_algorithm(alg)),
    };
    encrypted.map_err(|_| bad_value("The value is too long for this key."))
}

pub(super) fn decrypt(key: &PrivateKey, alg: &str, value: &[u8]) -> Result<Vec<u8>, Refusal> {
    let decrypted = match alg {
        "RSA-OAEP" => key.oaep_decrypt::<Sha1>(value),
        "RSA-OAEP-256" => key.oaep_decrypt::<Sha256>(value),
        "RSA1_5" => key.pkcs1v15_decrypt(value),
        _ => return Err(no_algorithm(alg)),
    };
    decrypted.map_err(|_| bad_value("The value does not decrypt under this key."))
}
