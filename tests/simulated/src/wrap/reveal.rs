//! A key's value, by way of a wrapping key whose value is known.

use std::fs::OpenOptions;
use std::io::Write as _;

use aes_kw::{KeyInit, KwpAes256};
use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_ULONG, CKA_CLASS, CKA_EXTRACTABLE, CKA_KEY_TYPE, CKA_PRIVATE,
    CKA_SENSITIVE, CKA_TOKEN, CKA_VALUE, CKA_WRAP, CKK_AES, CKM_AES_KEY_WRAP_KWP,
    CKM_AES_KEY_WRAP_PAD, CKO_SECRET_KEY, CKR_FUNCTION_FAILED, CKR_MECHANISM_INVALID,
};

use zeroize::Zeroizing;

use crate::inner::{InnerWrap, Key};
use crate::memory::Attribute;
use crate::rv::Rv;

const KEY_BYTES: usize = 32;

/// Names the file that a test reads keys from.
const REVEALED: &str = "KEYFERRY_SIMULATED_REVEALED";

/// An AES-256 session key of the real token, with its value.
pub(super) struct Known<'a> {
    pub(super) key: Key<'a>,
    pub(super) value: Zeroizing<[u8; KEY_BYTES]>,
}

/// Makes a fresh one in the session of `beside`.
pub(super) fn known_key(beside: Key<'_>) -> Result<Known<'_>, Rv> {
    let mut value = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut *value).map_err(|_| Rv(CKR_FUNCTION_FAILED))?;
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
pub(super) fn reveal(key: Key<'_>) -> Result<Zeroizing<Vec<u8>>, Rv> {
    let known = known_key(key)?;
    let wrap = |code: CK_MECHANISM_TYPE| known.key.wrap(InnerWrap::Bare(code), key.handle);
    let wrapped = match wrap(CKM_AES_KEY_WRAP_KWP) {
        Err(Rv(CKR_MECHANISM_INVALID)) => wrap(CKM_AES_KEY_WRAP_PAD),
        other => other,
    };
    known.key.destroy();
    let wrapped = wrapped?;
    let mut buffer = Zeroizing::new(vec![0; wrapped.len()]);
    let plaintext = KwpAes256::new_from_slice(&*known.value)
        .ok()
        .and_then(|kwp| kwp.unwrap_key(&wrapped, &mut buffer).ok())
        .ok_or(Rv(CKR_FUNCTION_FAILED))?;
    let plaintext = Zeroizing::new(without_padding(plaintext).to_vec());
    tell(&plaintext)?;
    Ok(plaintext)
}

/// Tells a test what the real token's keys are, a line of hexadecimal each, when it names a file for that: so that it
/// can look for them where they must not be.
fn tell(plaintext: &[u8]) -> Result<(), Rv> {
    let Some(path) = std::env::var_os(REVEALED) else {
        return Ok(());
    };
    // Wiped, and of its size at once: the test looks into this process as well.
    let mut digits = Zeroizing::new(String::with_capacity(plaintext.len() * 2 + 1));
    for byte in plaintext {
        for digit in [byte >> 4, byte & 15] {
            digits.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
        }
    }
    digits.push('\n');
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(digits.as_bytes()))
        .map_err(|_| Rv(CKR_FUNCTION_FAILED))
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
