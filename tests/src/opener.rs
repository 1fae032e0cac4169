//! Opens a `.byok` file with its KEK's private key, by the `openssl` command alone.
//!
//! This is the other side of a transfer, as Key Vault would see it: RSA-OAEP (SHA-1, MGF1-SHA-1,
//! empty label) gives an AES-256 key, AES-KWP (RFC 5649, AIV A65959A6) under it gives the target.
//! It is as strict as can be: what the product writes has to fit it, not the other way round.

use std::path::Path;

use serde_json::Value;

use crate::tool::{hex, openssl};

/// A transfer blob's plaintext and the header's `kid`.
pub struct Opened {
    /// The KEK's key identifier that the file names.
    pub kid: String,
    /// Exactly what the AES key wrap held: a PKCS#8 DER, or an AES key's bytes.
    pub plaintext: Vec<u8>,
}

/// Opens `file` with the PEM private key of a KEK of `kek_bytes` modulus bytes.
///
/// # Errors
/// The first thing that is not exactly as the BYOK specification has it.
pub fn open(file: &[u8], kek_private: &Path, kek_bytes: usize) -> Result<Opened, String> {
    let (kid, ciphertext) = read(file)?;
    if ciphertext.len() < kek_bytes + 24 {
        return Err(format!("{} bytes of ciphertext", ciphertext.len()));
    }
    let (wrapped_aes, wrapped_target) = ciphertext.split_at(kek_bytes);
    let aes = oaep_decrypt(wrapped_aes, kek_private)?;
    if aes.len() != 32 {
        return Err(format!("the wrapping key has {} bytes, not 32", aes.len()));
    }
    let plaintext = kwp_unwrap(wrapped_target, &aes)?;
    Ok(Opened { kid, plaintext })
}

/// RSAES-OAEP with SHA-1, MGF1-SHA-1 and the empty label (RFC 8017 §7.1).
///
/// # Errors
/// What `openssl` said.
pub fn oaep_decrypt(ciphertext: &[u8], private_pem: &Path) -> Result<Vec<u8>, String> {
    let key = private_pem.to_str().unwrap();
    let mut arguments = vec!["pkeyutl", "-decrypt", "-inkey", key];
    for option in [
        "rsa_padding_mode:oaep",
        "rsa_oaep_md:sha1",
        "rsa_mgf1_md:sha1",
    ] {
        arguments.extend(["-pkeyopt", option]);
    }
    openssl(&arguments, ciphertext)
}

/// AES key wrap with padding (RFC 5649) under an AES-256 key.
///
/// # Errors
/// What `openssl` said.
pub fn kwp_unwrap(wrapped: &[u8], key: &[u8]) -> Result<Vec<u8>, String> {
    let arguments = [
        "enc",
        "-d",
        "-id-aes256-wrap-pad",
        "-K",
        &hex(key),
        "-iv",
        "A65959A6",
    ];
    openssl(&arguments, wrapped)
}

/// Reads the file's four members; anything else in it is an error.
fn read(file: &[u8]) -> Result<(String, Vec<u8>), String> {
    let text = std::str::from_utf8(file).map_err(|error| error.to_string())?;
    let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let object = json.as_object().ok_or("not an object")?;
    let header = object
        .get("header")
        .and_then(Value::as_object)
        .ok_or("no header")?;
    let names = |map: &serde_json::Map<String, Value>| {
        let mut names: Vec<_> = map.keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    if names(object) != "ciphertext generator header schema_version"
        || names(header) != "alg enc kid"
    {
        return Err(format!("members: {} / {}", names(object), names(header)));
    }
    let member = |value: &Value| value.as_str().map(str::to_owned).ok_or("not a string");
    for (found, wanted) in [
        (member(&object["schema_version"])?, "1.0.0"),
        (member(&header["alg"])?, "dir"),
        (member(&header["enc"])?, "CKM_RSA_AES_KEY_WRAP"),
    ] {
        if found != wanted {
            return Err(format!("{found:?} in place of {wanted:?}"));
        }
    }
    let ciphertext = base64url(&member(&object["ciphertext"])?)?;
    Ok((member(&header["kid"])?, ciphertext))
}

/// Base64url without padding, decoded by `openssl base64`.
fn base64url(text: &str) -> Result<Vec<u8>, String> {
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    {
        return Err("the ciphertext is not base64url without padding".to_owned());
    }
    let padding = (4 - text.len() % 4) % 4;
    let standard = text.replace('-', "+").replace('_', "/") + &"=".repeat(padding);
    let decoded = openssl(&["base64", "-d", "-A"], standard.as_bytes())?;
    // `openssl base64` stops at what it cannot read, without a word.
    if decoded.len() == text.len() * 3 / 4 {
        Ok(decoded)
    } else {
        Err(format!(
            "{} characters decode to {} bytes",
            text.len(),
            decoded.len()
        ))
    }
}
