//! A target under an AES-256 key, as the standard has it and as others read it.

use aes_kw::{KeyInit, KwAes256, KwpAes256};
use cryptoki_sys::{
    CKM_AES_KEY_WRAP_KWP, CKR_FUNCTION_FAILED, CKR_MECHANISM_INVALID, CKR_WRAPPING_KEY_SIZE_RANGE,
};

use zeroize::Zeroizing;

use super::reveal::reveal;
use crate::inner::{InnerWrap, Key};
use crate::rv::Rv;
use crate::scenario::KeyWrap;

/// The block of key wrap, in bytes (RFC 3394 §2).
const BLOCK: usize = 8;

/// Wraps under a key of the token.
pub(super) fn wrap(how: KeyWrap, wrapping: Key<'_>, target: Key<'_>) -> Result<Vec<u8>, Rv> {
    if how == KeyWrap::Kwp {
        let wrapped = wrapping.wrap(InnerWrap::Bare(CKM_AES_KEY_WRAP_KWP), target.handle);
        if wrapped != Err(Rv(CKR_MECHANISM_INVALID)) {
            return wrapped;
        }
    }
    wrap_under(how, &reveal(wrapping)?, target)
}

/// Wraps under a key whose value is known.
pub(super) fn wrap_under(how: KeyWrap, wrapping: &[u8], target: Key<'_>) -> Result<Vec<u8>, Rv> {
    seal(how, wrapping, reveal(target)?).ok_or(Rv(CKR_FUNCTION_FAILED))?
}

fn seal(
    how: KeyWrap,
    wrapping: &[u8],
    mut plaintext: Zeroizing<Vec<u8>>,
) -> Option<Result<Vec<u8>, Rv>> {
    let Ok(kwp) = KwpAes256::new_from_slice(wrapping) else {
        return Some(Err(Rv(CKR_WRAPPING_KEY_SIZE_RANGE)));
    };
    let length = plaintext.len();
    let mut buffer = vec![0; length + 3 * BLOCK];
    let wrapped = match how {
        KeyWrap::Kwp => kwp.wrap_key(&plaintext, &mut buffer),
        KeyWrap::ZeroPaddedKwp => {
            plaintext.resize(length.next_multiple_of(BLOCK), 0);
            kwp.wrap_key(&plaintext, &mut buffer)
        }
        KeyWrap::Pkcs7 => {
            let padding = BLOCK - length % BLOCK;
            plaintext.resize(length + padding, u8::try_from(padding).ok()?);
            let kw = KwAes256::new_from_slice(wrapping).ok()?;
            kw.wrap_key(&plaintext, &mut buffer)
        }
    };
    wrapped.ok().map(|wrapped| Ok(wrapped.to_vec()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const WRAPPING: [u8; 32] = [7; 32];

    fn sealed(how: KeyWrap, length: usize) -> Vec<u8> {
        seal(how, &WRAPPING, vec![9; length].into())
            .unwrap()
            .unwrap()
    }

    fn kwp_opens(wrapped: &[u8]) -> Option<Vec<u8>> {
        let mut buffer = vec![0; wrapped.len()];
        let kwp = KwpAes256::new_from_slice(&WRAPPING).unwrap();
        Some(kwp.unwrap_key(wrapped, &mut buffer).ok()?.to_vec())
    }

    #[test]
    fn each_way_is_what_it_is_called() {
        for length in [16, 17, 138] {
            let plaintext = vec![9; length];
            assert_eq!(kwp_opens(&sealed(KeyWrap::Kwp, length)).unwrap(), plaintext);
            let padded = kwp_opens(&sealed(KeyWrap::ZeroPaddedKwp, length)).unwrap();
            assert!(padded.starts_with(&plaintext) && padded.len().is_multiple_of(8));
            let pkcs7 = sealed(KeyWrap::Pkcs7, length);
            assert_eq!(kwp_opens(&pkcs7), None);
            let mut buffer = vec![0; pkcs7.len()];
            let kw = KwAes256::new_from_slice(&WRAPPING).unwrap();
            let opened = kw.unwrap_key(&pkcs7, &mut buffer).unwrap();
            let padding = usize::from(*opened.last().unwrap());
            assert_eq!(opened.len() - padding, length);
        }
    }

    #[test]
    fn a_wrapping_key_of_another_size_is_refused() {
        let refused = seal(KeyWrap::Kwp, &[1; 16], vec![9; 16].into()).unwrap();
        assert_eq!(refused, Err(Rv(CKR_WRAPPING_KEY_SIZE_RANGE)));
    }
}
