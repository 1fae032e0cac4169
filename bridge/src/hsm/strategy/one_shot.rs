//! The recipe of `CKM_RSA_AES_KEY_WRAP` (PKCS#11 v3.1 §6.1.24): the token makes both parts in one call.

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;

use super::kek::KekNumbers;
use crate::hsm::error::HsmError;
use crate::hsm::raw::{RawCalls, WrapMechanism};

/// The wrapping key is made, used and forgotten inside the token.
pub(super) fn wrap(
    raw: &RawCalls,
    session: &Session,
    kek: &KekNumbers,
    target: ObjectHandle,
) -> Result<Vec<u8>, HsmError> {
    let kek_object = kek.import(session)?;
    raw.wrap(
        session,
        WrapMechanism::RsaAesKeyWrap,
        kek_object.handle(),
        target,
    )
}
