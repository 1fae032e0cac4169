//! AES: CBC with and without PKCS#7 padding (SP 800-38A §6.2), and key wrap (RFC 3394).

use super::{bad_value, no_algorithm};
use crate::vault::practice::call::Deed;
use crate::vault::practice::refusal::Refusal;
use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use aes_kw::cipher::KeyInit;
use aes_kw::{KwAes128, KwAes192, KwAes256};

/// One block more than the value, at most.
const BLOCK: usize = 16;

/// `A128CBC`…`A256CBCPAD`.
pub(super) fn crypt(
    key: &[u8],
    deed: Deed,
    alg: &str,
    iv: &[u8],
    value: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let mut room = vec![0; value.len() + BLOCK];
    macro_rules! cbc {
        ($cipher:ty, $padding:ty) => {{
            let done = match deed {
                Deed::Encrypt => cbc::Encryptor::<$cipher>::new_from_slices(key, iv)
                    .ok()
                    .and_then(|mode| mode.encrypt_padded_b2b::<$padding>(value, &mut room).ok()),
                _ => cbc::Decryptor::<$cipher>::new_from_slices(key, iv)
                    .ok()
                    .and_then(|mode| mode.decrypt_padded_b2b::<$padding>(value, &mut room).ok()),
            };
            done.map(<[u8]>::to_vec)
        }};
    }
    let done = match (alg, key.len()) {
        ("A128CBC", 16) => cbc!(Aes128, NoPadding),
        ("A192CBC", 24) => cbc!(Aes192, NoPadding),
        ("A256CBC", 32) => cbc!(Aes256, NoPadding),
        ("A128CBCPAD", 16) => cbc!(Aes128, Pkcs7),
        ("A192CBCPAD", 24) => cbc!(Aes192, Pkcs7),
        ("A256CBCPAD", 32) => cbc!(Aes256, Pkcs7),
        _ => return Err(no_algorithm(alg)),
    };
    done.ok_or_else(|| bad_value("The value or iv has another length than the algorithm's."))
}

/// `A128KW`…`A256KW`.
pub(super) fn wrap(key: &[u8], deed: Deed, alg: &str, value: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut room = vec![0; value.len() + BLOCK];
    macro_rules! kw {
        ($kw:ty) => {
            <$kw>::new_from_slice(key).ok().and_then(|kw| {
                match deed {
                    Deed::WrapKey => kw.wrap_key(value, &mut room),
                    _ => kw.unwrap_key(value, &mut room),
                }
                .ok()
                .map(|done| done.to_vec())
            })
        };
    }
    let done = match (alg, key.len()) {
        ("A128KW", 16) => kw!(KwAes128),
        ("A192KW", 24) => kw!(KwAes192),
        ("A256KW", 32) => kw!(KwAes256),
        _ => return Err(no_algorithm(alg)),
    };
    done.ok_or_else(|| bad_value("The value does not wrap or unwrap under this key."))
}
