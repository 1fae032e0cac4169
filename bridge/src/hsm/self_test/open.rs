//! Opening a ciphertext with the throwaway KEK, telling apart the ways in which it can be wrong.

use aes::cipher::KeyInit;
use aes_kw::{KwAes256, KwpAes256};
use keyferry_core::SelfTest;
use rsa::{Oaep, PrivateKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

const WRAPPING_KEY_BYTES: usize = 32;
const BLOCK: usize = 16;

/// Why a ciphertext is not what Azure opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) outcome: SelfTest,
    pub(super) detail: String,
}

impl Refusal {
    pub(super) fn failed(detail: impl Into<String>) -> Self {
        Self {
            outcome: SelfTest::Failed,
            detail: detail.into(),
        }
    }
}

/// Opens `RSA-OAEP(SHA-1; AES-256 key) || AES-KWP(RFC 5649)` and returns what was wrapped.
pub(super) fn open(
    kek: &PrivateKey,
    kek_bytes: usize,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let Some((wrapped_key, wrapped_target)) = ciphertext.split_at_checked(kek_bytes) else {
        return Err(Refusal::failed("the ciphertext is shorter than the KEK"));
    };
    let wrapping_key = open_oaep(kek, wrapped_key)?;
    if wrapping_key.len() != WRAPPING_KEY_BYTES {
        return Err(Refusal::failed(format!(
            "the wrapping key has {} bytes, not 32",
            wrapping_key.len()
        )));
    }
    open_kwp(&wrapping_key, wrapped_target)
}

fn open_oaep(kek: &PrivateKey, wrapped_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    if let Some(key) = crate::oaep::decrypt::<Sha1, Sha1>(kek, wrapped_key) {
        return Ok(key);
    }
    let others = [
        ("SHA-256", kek.decrypt(Oaep::<Sha256>::new(), wrapped_key)),
        (
            "SHA-256 with MGF1-SHA-1",
            kek.decrypt(Oaep::<Sha256, Sha1>::new_with_mgf_hash(), wrapped_key),
        ),
        (
            "SHA-1 with MGF1-SHA-256",
            kek.decrypt(Oaep::<Sha1, Sha256>::new_with_mgf_hash(), wrapped_key),
        ),
        ("SHA-384", kek.decrypt(Oaep::<Sha384>::new(), wrapped_key)),
    ];
    for (hash, opened) in others {
        if opened.map(Zeroizing::new).is_ok() {
            return Err(Refusal {
                outcome: SelfTest::WrongHash,
                detail: format!("OAEP was made with {hash}"),
            });
        }
    }
    Err(Refusal::failed("the first part does not open as RSA-OAEP"))
}

fn open_kwp(wrapping_key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut buffer = Zeroizing::new(vec![0; wrapped.len()]);
    let kwp =
        KwpAes256::new_from_slice(wrapping_key).map_err(|_| Refusal::failed("no AES-256 key"))?;
    if let Ok(plaintext) = kwp.unwrap_key(wrapped, &mut buffer) {
        return Ok(Zeroizing::new(plaintext.to_vec()));
    }
    let kw =
        KwAes256::new_from_slice(wrapping_key).map_err(|_| Refusal::failed("no AES-256 key"))?;
    match kw.unwrap_key(wrapped, &mut buffer) {
        Ok(plaintext) => Err(Refusal {
            outcome: SelfTest::WrongPadding,
            detail: format!(
                "the second part is RFC 3394 key wrap {}, not RFC 5649",
                padding_of(plaintext)
            ),
        }),
        Err(_) => Err(Refusal::failed(
            "the second part opens neither by RFC 5649 nor by RFC 3394",
        )),
    }
}

fn padding_of(plaintext: &[u8]) -> &'static str {
    let padding = plaintext.last().copied().unwrap_or_default();
    let length = usize::from(padding);
    let tail = plaintext
        .len()
        .checked_sub(length)
        .and_then(|start| plaintext.get(start..));
    let pkcs7 = (1..=BLOCK).contains(&length)
        && tail.is_some_and(|tail| tail.iter().all(|byte| *byte == padding));
    if pkcs7 {
        "over PKCS#7 padding"
    } else {
        "without padding"
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use getrandom::SysRng;
    use rsa::rand_core::UnwrapErr;

    use super::*;

    const KEY: [u8; 32] = [0x11; 32];

    fn kek() -> PrivateKey {
        PrivateKey::new(&mut UnwrapErr(SysRng), 2048).unwrap()
    }

    fn kwp(plaintext: &[u8]) -> Vec<u8> {
        let mut buffer = vec![0; plaintext.len() + 16];
        KwpAes256::new_from_slice(&KEY)
            .unwrap()
            .wrap_key(plaintext, &mut buffer)
            .unwrap()
            .to_vec()
    }

    fn kw(plaintext: &[u8]) -> Vec<u8> {
        let mut buffer = vec![0; plaintext.len() + 8];
        KwAes256::new_from_slice(&KEY)
            .unwrap()
            .wrap_key(plaintext, &mut buffer)
            .unwrap()
            .to_vec()
    }

    #[test]
    fn tells_right_blobs_wrong_hashes_and_wrong_paddings_apart() {
        let kek = kek();
        let public = kek.to_public_key();
        let rng = &mut UnwrapErr(SysRng);
        let sha1 = public.encrypt(rng, Oaep::<Sha1>::new(), &KEY).unwrap();
        let sha256 = public.encrypt(rng, Oaep::<Sha256>::new(), &KEY).unwrap();
        let mixed = public
            .encrypt(rng, Oaep::<Sha256, Sha1>::new_with_mgf_hash(), &KEY)
            .unwrap();
        let short = public
            .encrypt(rng, Oaep::<Sha1>::new(), &KEY[..16])
            .unwrap();

        let outcome = |first: &[u8], second: &[u8]| open(&kek, 256, &[first, second].concat());
        assert_eq!(
            **outcome(&sha1, &kwp(b"a private key")).unwrap(),
            *b"a private key"
        );
        assert_eq!(
            outcome(&sha256, &kwp(b"x")).unwrap_err().outcome,
            SelfTest::WrongHash
        );
        assert_eq!(
            outcome(&mixed, &kwp(b"x")).unwrap_err().outcome,
            SelfTest::WrongHash
        );
        assert_eq!(
            outcome(&short, &kwp(b"x")).unwrap_err().outcome,
            SelfTest::Failed
        );

        let pkcs7 = outcome(&sha1, &kw(b"a private key\x03\x03\x03")).unwrap_err();
        assert_eq!(pkcs7.outcome, SelfTest::WrongPadding);
        assert!(pkcs7.detail.contains("PKCS#7"));
        let bare = outcome(&sha1, &kw(b"16 bytes of text")).unwrap_err();
        assert_eq!(bare.outcome, SelfTest::WrongPadding);
        assert!(bare.detail.contains("without padding"));

        let mut broken = kwp(b"a private key");
        broken[3] ^= 1;
        assert_eq!(
            outcome(&sha1, &broken).unwrap_err().outcome,
            SelfTest::Failed
        );
        assert_eq!(
            open(&kek, 256, &sha1[..255]).unwrap_err().outcome,
            SelfTest::Failed
        );
        let other = self::kek();
        assert_eq!(
            open(&other, 256, &sha1).unwrap_err().outcome,
            SelfTest::Failed
        );
    }
}
