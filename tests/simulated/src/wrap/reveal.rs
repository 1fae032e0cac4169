//! A key's value, by way of a wrapping key whose value is known.

use aes_kw::{KeyInit, KwpAes256};
use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_ULONG, CKA_CLASS, CKA_EXTRACTABLE, CKA_KEY_TYPE, CKA_PRIVATE,
    CKA_SENSITIVE, CKA_TOKEN, CKA_VALUE, CKA_WRAP, CKK_AES, CKM_AES_KEY_WRAP_KWP,
    CKM_AES_KEY_WRAP_PAD, CKO_SECRET_KEY, CKR_FUNCTION_FAILED, CKR_MECHANISM_INVALID,
};

use crate::inner::{InnerWrap, Key};
use crate::memory::Attribute;
use crate::rv::Rv;

const KEY_BYTES: usize = 32;

/// An AES-256 session key of the real token, with its value.
pub(super) struct Known<'a> {
    pub(super) key: Key<'a>,
    pub(super) value: [u8; KEY_BYTES],
}

/// Makes a fresh one in the session of `beside`.
pub(super) fn known_key(beside: Key<'_>) -> Result<Known<'_>, Rv> {
    let mut value = [0; KEY_BYTES];
    getrandom::fill(&mut value).map_err(|_| Rv(CKR_FUNCTION_FAILED))?;
    let number = |number: CK_ULONG| number.to_ne_bytes().to_vec();
    let mut template = [
        (CKA_CLASS, number(CKO_SECRET_KEY)),
        (CKA_KEY_TYPE, number(CKK_AES)),
        (CKA_TOKEN, vec![0]),
        (CKA_PRIVATE, vec![1]),
        (CKA_SENSITIVE, vec![0]),
        (CKA_EXTRACTABLE, vec![1]),
        (CKA_WRAP, vec![1]),
        (CKA_VALUE, value.to_vec()),
    ]
    .map(|(kind, value)| Attribute { kind, value });
    let key = beside.inner.create(beside.session, &mut template)?;
    Ok(Known { key, value })
}

/// What a key wrap of `key` holds: a PKCS#8 DER, or an AES key's bytes. The real token's refusals are this one's.
pub(super) fn reveal(key: Key<'_>) -> Result<Vec<u8>, Rv> {
    let known = known_key(key)?;
    let wrap = |code: CK_MECHANISM_TYPE| known.key.wrap(InnerWrap::Bare(code), key.handle);
    let wrapped = match wrap(CKM_AES_KEY_WRAP_KWP) {
        Err(Rv(CKR_MECHANISM_INVALID)) => wrap(CKM_AES_KEY_WRAP_PAD),
        other => other,
    };
    known.key.destroy();
    let wrapped = wrapped?;
    let mut buffer = vec![0; wrapped.len()];
    let plaintext = KwpAes256::new_from_slice(&known.value)
        .ok()
        .and_then(|kwp| kwp.unwrap_key(&wrapped, &mut buffer).ok())
        .ok_or(Rv(CKR_FUNCTION_FAILED))?;
    Ok(without_padding(plaintext).to_vec())
}

/// SoftHSM puts zero bytes after a DER; the DER's own length says where it ends.
fn without_padding(plaintext: &[u8]) -> &[u8] {
    let end = match plaintext {
        [0x30, length @ ..=0x7F, ..] => 2 + usize::from(*length),
        [0x30, 0x81, length, ..] => 3 + usize::from(*length),
        [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
        _ => return plaintext,
    };
    match plaintext.split_at_checked(end) {
        Some((der, padding)) if padding.len() < 8 && padding.iter().all(|byte| *byte == 0) => der,
        _ => plaintext,
    }
}

#[cfg(test)]
mod tests {
    use super::without_padding;

    #[test]
    fn a_der_ends_where_it_says_and_other_bytes_stay_whole() {
        assert_eq!(without_padding(&[0x30, 2, 5, 0, 0, 0]), [0x30, 2, 5, 0]);
        let long = [&[0x30, 0x81, 0x80][..], &[7; 0x80], &[0; 5]].concat();
        assert_eq!(without_padding(&long).len(), 0x83);
        for whole in [
            &[0x30, 2, 5, 0, 0, 1][..],
            &[0x30, 9, 1],
            &[0x31, 0, 0],
            &[],
        ] {
            assert_eq!(without_padding(whole), whole);
        }
    }
}
