//! The recipe for tokens without `CKM_RSA_AES_KEY_WRAP`: its two parts, made one after the other.
//!
//! `OAEP(KEK; wrapping key) || key-wrap(wrapping key; target)` is byte for byte what the single
//! mechanism returns (PKCS#11 v3.1 §6.1.24). The wrapping key is made in the token, leaves it only
//! under the KEK, and is destroyed before this returns.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki_sys::{CK_MECHANISM_TYPE, CK_ULONG};

use super::kek::ImportedKek;
use super::{Disposable, Workbench};
use crate::hsm::error::HsmError;
use crate::hsm::raw::WrapMechanism;

/// The wrapping key is AES-256 (BYOK specification, "Key Transfer Blob").
const WRAPPING_KEY_BYTES: CK_ULONG = 32;

pub(super) fn wrap(
    bench: &Workbench<'_>,
    kek: &ImportedKek<'_>,
    target: ObjectHandle,
    key_wrap: CK_MECHANISM_TYPE,
) -> Result<Vec<u8>, HsmError> {
    let wrapping_key = generate_wrapping_key(bench)?;
    let wrapped_target = bench.raw.wrap(
        bench.session,
        WrapMechanism::Bare(key_wrap),
        wrapping_key.handle(),
        target,
    )?;
    let mut ciphertext = bench
        .raw
        .wrap(
            bench.session,
            WrapMechanism::OaepSha1,
            kek.handle(),
            wrapping_key.handle(),
        )
        .map_err(HsmError::of_oaep)?;
    if ciphertext.len() != kek.bytes() {
        return Err(HsmError::ModuleAnswer {
            why: format!(
                "OAEP under a KEK of {} bytes returned {}",
                kek.bytes(),
                ciphertext.len()
            ),
        });
    }
    ciphertext.extend_from_slice(&wrapped_target);
    Ok(ciphertext)
}

/// Sensitive, so that it never leaves in the clear; extractable, so that it can leave under the KEK.
fn generate_wrapping_key<'session>(
    bench: &Workbench<'session>,
) -> Result<Disposable<'session>, HsmError> {
    let core = [
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
        Attribute::Wrap(true),
        Attribute::ValueLen(WRAPPING_KEY_BYTES.into()),
    ];
    let wishes: [&[Attribute]; 3] = [
        &[
            Attribute::Private(true),
            Attribute::Unwrap(false),
            Attribute::Encrypt(false),
            Attribute::Decrypt(false),
        ],
        &[Attribute::Private(true)],
        &[],
    ];
    let handle = bench
        .templates
        .wrapping_key
        .climb(&bench.rungs(&core, &wishes), |template| {
            bench.session.generate_key(&Mechanism::AesKeyGen, template)
        })?;
    Ok(Disposable::new(bench.session, handle))
}
