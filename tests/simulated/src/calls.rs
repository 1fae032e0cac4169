//! The function list: every call of PKCS#11 v2.40, passed on to the real token after its fault.
//!
//! Those that a scenario can bend are in [`crate::hooked`].
#![allow(unsafe_code, reason = "C's calling convention")]
#![allow(non_snake_case, reason = "the standard's names")]

use std::ffi::c_void;

use cryptoki_sys::*;

use crate::hooked::*;
use crate::inner::supported;
use crate::module::{Call, answer};
use crate::rv::Rv;

type Bytes = *mut CK_BYTE;
type Count = CK_ULONG;
type Counted = *mut CK_ULONG;
type Object = CK_OBJECT_HANDLE;
type Session = CK_SESSION_HANDLE;

/// Calls that are passed on, and the list of all.
macro_rules! calls {
    (
        passed { $($name:ident($($argument:ident: $kind:ty),*);)* }
        hooked { $($hooked:ident)* }
    ) => {
        $(
            /// Passed on as it came.
            unsafe extern "C" fn $name($($argument: $kind),*) -> CK_RV {
                answer(|module| {
                    module.enter(&Call::of(stringify!($name)))?;
                    let call = supported(module.inner.functions().$name)?;
                    // SAFETY: the caller's contract is the real token's.
                    Rv::check(unsafe { call($($argument),*) })
                })
            }
        )*

        /// What `C_GetFunctionList` hands out.
        static LIST: CK_FUNCTION_LIST = CK_FUNCTION_LIST {
            version: CK_VERSION { major: 2, minor: 40 },
            C_GetFunctionList: Some(C_GetFunctionList),
            $($name: Some($name),)*
            $($hooked: Some($hooked),)*
        };

        /// The names of all calls.
        pub(crate) const NAMES: &[&str] = &[
            "C_GetFunctionList",
            $(stringify!($name),)*
            $(stringify!($hooked),)*
        ];
    };
}

calls! {
    passed {
        C_GetSessionInfo(session: Session, info: *mut CK_SESSION_INFO);
        C_InitPIN(session: Session, pin: Bytes, length: Count);
        C_SetPIN(session: Session, old: Bytes, old_length: Count, new: Bytes, new_length: Count);
        C_GetOperationState(session: Session, state: Bytes, length: Counted);
        C_SetOperationState(session: Session, state: Bytes, length: Count, one: Object, other: Object);
        C_Logout(session: Session);
        C_DestroyObject(session: Session, object: Object);
        C_GetObjectSize(session: Session, object: Object, size: Counted);
        C_FindObjectsInit(session: Session, template: *mut CK_ATTRIBUTE, count: Count);
        C_FindObjects(session: Session, objects: *mut Object, room: Count, count: Counted);
        C_FindObjectsFinal(session: Session);
        C_Encrypt(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_EncryptUpdate(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_EncryptFinal(session: Session, to: Bytes, made: Counted);
        C_Decrypt(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_DecryptUpdate(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_DecryptFinal(session: Session, to: Bytes, made: Counted);
        C_DigestInit(session: Session, mechanism: *mut CK_MECHANISM);
        C_Digest(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_DigestUpdate(session: Session, data: Bytes, length: Count);
        C_DigestKey(session: Session, key: Object);
        C_DigestFinal(session: Session, to: Bytes, made: Counted);
        C_Sign(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_SignUpdate(session: Session, data: Bytes, length: Count);
        C_SignFinal(session: Session, to: Bytes, made: Counted);
        C_SignRecoverInit(session: Session, mechanism: *mut CK_MECHANISM, key: Object);
        C_SignRecover(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_Verify(session: Session, data: Bytes, length: Count, signature: Bytes, size: Count);
        C_VerifyUpdate(session: Session, data: Bytes, length: Count);
        C_VerifyFinal(session: Session, signature: Bytes, length: Count);
        C_VerifyRecoverInit(session: Session, mechanism: *mut CK_MECHANISM, key: Object);
        C_VerifyRecover(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_DigestEncryptUpdate(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_DecryptDigestUpdate(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_SignEncryptUpdate(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_DecryptVerifyUpdate(session: Session, data: Bytes, length: Count, to: Bytes, made: Counted);
        C_SeedRandom(session: Session, seed: Bytes, length: Count);
        C_GenerateRandom(session: Session, to: Bytes, length: Count);
        C_GetFunctionStatus(session: Session);
        C_CancelFunction(session: Session);
        C_WaitForSlotEvent(flags: CK_FLAGS, slot: *mut CK_SLOT_ID, reserved: *mut c_void);
    }
    hooked {
        C_Initialize C_Finalize C_GetInfo C_GetSlotList C_GetSlotInfo C_GetTokenInfo C_GetMechanismList
        C_GetMechanismInfo C_InitToken C_OpenSession C_CloseSession C_CloseAllSessions C_Login
        C_CreateObject C_CopyObject C_GetAttributeValue C_SetAttributeValue C_EncryptInit
        C_DecryptInit C_SignInit C_VerifyInit C_GenerateKey C_GenerateKeyPair C_WrapKey C_UnwrapKey
        C_DeriveKey
    }
}

/// The one symbol that a PKCS#11 module has to export.
///
/// # Safety
/// `list` is null or a valid place for one pointer.
#[allow(unreachable_pub, reason = "reached by the dynamic linker")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_GetFunctionList"))?;
        // SAFETY: null or valid by this function's contract.
        let place = unsafe { list.as_mut() }.ok_or(Rv(CKR_ARGUMENTS_BAD))?;
        *place = (&raw const LIST).cast_mut();
        Ok(())
    })
}
