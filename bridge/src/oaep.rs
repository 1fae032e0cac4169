//! RSA-OAEP decryption that looks at every octet, as `openssl` and the services do.
//!
//! The crate `rsa` leaves the first octet of the encoded message unread, where RFC 8017 §7.1.2 step
//! 3g wants zero: it would open what nobody else opens.

use getrandom::SysRng;
use rsa::hazmat::rsa_decrypt_and_check;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Oaep, PrivateKey};
use sha1::digest::{Digest, FixedOutputReset};
use zeroize::{Zeroize, Zeroizing};

/// Decrypts with the empty label; `None` whatever is wrong. `ciphertext` has the modulus's length.
///
/// The private operation runs twice, blinded: once for the crate's constant-time unpadding, once for
/// the octet that it does not read.
pub(crate) fn decrypt<D, MGF>(key: &PrivateKey, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    D: Digest + FixedOutputReset,
    MGF: Digest + FixedOutputReset,
{
    let message = key
        .decrypt(Oaep::<D, MGF>::new_with_mgf_hash(), ciphertext)
        .map(Zeroizing::new)
        .ok()?;
    let number = BoxedUint::from_be_slice(ciphertext, key.n().bits_precision()).ok()?;
    let mut encoded = rsa_decrypt_and_check(key, Some(&mut SysRng), &number).ok()?;
    // RFC 8017 §4.1: an octet string of the modulus's length, so that its first octet is zero
    // exactly when the number has no bit in it.
    let octets = Zeroizing::new(encoded.to_be_bytes());
    encoded.zeroize();
    let first = octets.len().checked_sub(key.size())?;
    (octets.get(first) == Some(&0)).then_some(message)
}
