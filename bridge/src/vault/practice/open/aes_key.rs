//! AES keys: raw bytes, told apart by a known answer.

use super::Key;
use crate::vault::practice::cause::Cause;
use crate::vault::practice::opened::PublicHalf;
use crate::vault::practice::refusal::Refusal;
use crate::vault::practice::secret::Secret;
use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes192, Aes256, Block};
use keyferry_core::TargetKind;
use zeroize::Zeroizing;

/// Reads 16, 24 or 32 bytes.
pub(super) fn read(key: &[u8]) -> Result<Key, Refusal> {
    let (kind, known_answer) = match key.len() {
        16 => (TargetKind::Aes128, encrypt_zeros::<Aes128>(key)),
        24 => (TargetKind::Aes192, encrypt_zeros::<Aes192>(key)),
        32 => (TargetKind::Aes256, encrypt_zeros::<Aes256>(key)),
        _ => (TargetKind::Aes256, None),
    };
    let known_answer = known_answer.ok_or_else(|| {
        Refusal::new(
            Cause::AesSize,
            format!(
                "The blob holds {} bytes: neither an AES key nor PKCS#8.",
                key.len()
            ),
        )
    })?;
    Ok(Key {
        kind,
        public: PublicHalf::Aes { known_answer },
        secret: Secret::Aes(Zeroizing::new(key.to_vec())),
        quirks: Vec::new(),
    })
}

/// AES-ECB of one block of zero bytes: enough to tell two keys apart, and no way back to the key.
fn encrypt_zeros<C>(key: &[u8]) -> Option<[u8; 16]>
where
    C: KeyInit + BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = Block::default();
    cipher.encrypt_block(&mut block);
    Some(block.into())
}
