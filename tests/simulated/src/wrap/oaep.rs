//! RSAES-OAEP with a hash of the scenario's choice.

use cryptoki_sys::{
    CK_RSA_PKCS_OAEP_PARAMS, CKG_MGF1_SHA1, CKG_MGF1_SHA256, CKM_SHA_1, CKM_SHA256,
    CKR_MECHANISM_PARAM_INVALID, CKZ_DATA_SPECIFIED,
};

use crate::inner::{InnerWrap, Key};
use crate::rv::Rv;
use crate::scenario::OaepHash;

/// Tokens with the single mechanism take these and no other (SoftHSM, IBM's CCA).
pub(super) fn check(asked: &CK_RSA_PKCS_OAEP_PARAMS) -> Result<(), Rv> {
    let taken = asked.hashAlg == CKM_SHA_1
        && asked.mgf == CKG_MGF1_SHA1
        && asked.source == CKZ_DATA_SPECIFIED
        && asked.ulSourceDataLen == 0;
    if taken {
        Ok(())
    } else {
        Err(Rv(CKR_MECHANISM_PARAM_INVALID))
    }
}

/// Wraps with `hash`, whatever was asked for.
pub(super) fn wrap(hash: OaepHash, kek: Key<'_>, target: Key<'_>) -> Result<Vec<u8>, Rv> {
    let (hash, mgf) = match hash {
        OaepHash::Sha1 => (CKM_SHA_1, CKG_MGF1_SHA1),
        OaepHash::Sha256 => (CKM_SHA256, CKG_MGF1_SHA256),
    };
    let parameter = CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: hash,
        mgf,
        source: CKZ_DATA_SPECIFIED,
        pSourceData: std::ptr::null_mut(),
        ulSourceDataLen: 0,
    };
    kek.wrap(InnerWrap::Oaep(parameter), target.handle)
}
