//! What is done with keys.
#![allow(unsafe_code, reason = "C's calling convention")]
#![allow(non_snake_case, reason = "the standard's names")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contract of each is that of PKCS#11"
)]

use cryptoki_sys::*;

use super::{check_new, enter_with};
use crate::inner::{Key, supported};
use crate::memory::{self, Place};
use crate::module::{Call, answer};
use crate::rv::Rv;
use crate::wrap;

/// A call that starts an operation with a key.
macro_rules! begins {
    ($($name:ident)*) => { $(
        pub(crate) unsafe extern "C" fn $name(
            session: CK_SESSION_HANDLE,
            mechanism: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) -> CK_RV {
            answer(|module| {
                // SAFETY: null or valid by the caller's contract.
                let code = unsafe { memory::mechanism_code(mechanism)? };
                module.enter(&Call { mechanism: Some(code), ..Call::of(stringify!($name)) })?;
                pass!(module, $name(session, mechanism, key))
            })
        }
    )* };
}

begins! { C_EncryptInit C_DecryptInit C_SignInit C_VerifyInit }

pub(crate) unsafe extern "C" fn C_GenerateKey(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    key: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    answer(|module| {
        // SAFETY: null or valid by the caller's contract.
        unsafe { enter_with(module, "C_GenerateKey", mechanism)? };
        // SAFETY: the caller's contract is that of `check_new`.
        unsafe { check_new(module, "C_GenerateKey", template, count)? };
        pass!(
            module,
            C_GenerateKey(session, mechanism, template, count, key)
        )
    })
}

pub(crate) unsafe extern "C" fn C_GenerateKeyPair(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    public: *mut CK_ATTRIBUTE,
    public_count: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_count: CK_ULONG,
    public_key: *mut CK_OBJECT_HANDLE,
    private_key: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    const NAME: &str = "C_GenerateKeyPair";
    answer(|module| {
        // SAFETY: null or valid by the caller's contract.
        unsafe { enter_with(module, NAME, mechanism)? };
        // SAFETY: the caller's contract is that of `check_new`.
        unsafe { check_new(module, NAME, public, public_count)? };
        // SAFETY: as above.
        unsafe { check_new(module, NAME, private, private_count)? };
        pass!(
            module,
            C_GenerateKeyPair(
                session,
                mechanism,
                public,
                public_count,
                private,
                private_count,
                public_key,
                private_key
            )
        )
    })
}

pub(crate) unsafe extern "C" fn C_WrapKey(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    wrapping: CK_OBJECT_HANDLE,
    target: CK_OBJECT_HANDLE,
    to: *mut CK_BYTE,
    length: *mut CK_ULONG,
) -> CK_RV {
    answer(|module| {
        // SAFETY: null or valid by the caller's contract.
        let code = unsafe { memory::mechanism_code(mechanism)? };
        let key = |handle| Key {
            inner: &module.inner,
            session,
            handle,
        };
        module.enter(&Call {
            name: "C_WrapKey",
            mechanism: Some(code),
            target: Some(key(target)),
        })?;
        let mut rule = module
            .mechanism(code)
            .filter(|rule| rule.lies() || rule.wraps.is_some());
        if let Some(filter) = rule.and_then(|rule| rule.target.as_ref())
            && !filter.fits(&key(target))?
        {
            rule = None;
        }
        let Some(rule) = rule else {
            return pass!(
                module,
                C_WrapKey(session, mechanism, wrapping, target, to, length)
            );
        };
        // SAFETY: the caller's contract is that of `Place::new` and of `asked`.
        let (place, asked) = unsafe { (Place::new(to, length), memory::asked(&*mechanism)?) };
        wrap::wrap(rule, asked, key(wrapping), key(target), place)
    })
}

pub(crate) unsafe extern "C" fn C_UnwrapKey(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    unwrapping: CK_OBJECT_HANDLE,
    wrapped: *mut CK_BYTE,
    length: CK_ULONG,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    key: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    answer(|module| {
        // SAFETY: null or valid by the caller's contract.
        unsafe { enter_with(module, "C_UnwrapKey", mechanism)? };
        // SAFETY: the caller's contract is that of `check_new`.
        unsafe { check_new(module, "C_UnwrapKey", template, count)? };
        pass!(
            module,
            C_UnwrapKey(
                session, mechanism, unwrapping, wrapped, length, template, count, key
            )
        )
    })
}

pub(crate) unsafe extern "C" fn C_DeriveKey(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    base: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    key: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    answer(|module| {
        // SAFETY: null or valid by the caller's contract.
        unsafe { enter_with(module, "C_DeriveKey", mechanism)? };
        // SAFETY: the caller's contract is that of `check_new`.
        unsafe { check_new(module, "C_DeriveKey", template, count)? };
        pass!(
            module,
            C_DeriveKey(session, mechanism, base, template, count, key)
        )
    })
}
