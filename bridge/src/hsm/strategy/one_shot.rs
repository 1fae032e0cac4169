//! The recipe of `CKM_RSA_AES_KEY_WRAP` (PKCS#11 v3.1 §6.1.24): the token makes both parts in one call.

use cryptoki::object::ObjectHandle;

use super::Workbench;
use super::kek::ImportedKek;
use crate::hsm::error::HsmError;
use crate::hsm::raw::WrapMechanism;

/// The wrapping key is made, used and forgotten inside the token.
pub(super) fn wrap(
    bench: &Workbench<'_>,
    kek: &ImportedKek<'_>,
    target: ObjectHandle,
) -> Result<Vec<u8>, HsmError> {
    bench
        .raw
        .wrap(
            bench.session,
            WrapMechanism::RsaAesKeyWrap,
            kek.handle(),
            target,
        )
        .map_err(HsmError::of_oaep)
}
