//! The PKCS#11 calls that the `cryptoki` crate cannot make, and the only unsafe code.
//!
//! `cryptoki` drops mechanisms that it does not know from the token's list, has no KWP (0x210B),
//! and neither truncates a wrapped key to the returned length nor wraps in one call (NSS misreports
//! the length when asked for it first). So C_GetMechanismList, C_GetMechanismInfo and C_WrapKey are
//! called here, on the same library and with `cryptoki`'s handles.
#![allow(unsafe_code, reason = "calls through C function pointers")]
#![allow(
    clippy::useless_conversion,
    reason = "CK_ULONG is 32 bits wide on some targets"
)]

use std::ffi::CString;
use std::path::Path;
use std::ptr::{NonNull, null_mut};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use cryptoki_sys::{
    CK_FUNCTION_LIST, CK_MECHANISM, CK_MECHANISM_INFO, CK_MECHANISM_TYPE,
    CK_RSA_AES_KEY_WRAP_PARAMS, CK_RSA_PKCS_OAEP_PARAMS, CK_RV, CK_ULONG, CKG_MGF1_SHA1,
    CKM_RSA_AES_KEY_WRAP, CKM_RSA_PKCS_OAEP, CKM_SHA_1, CKR_BUFFER_TOO_SMALL, CKR_OK,
    CKR_PIN_EXPIRED, CKR_USER_NOT_LOGGED_IN, CKZ_DATA_SPECIFIED,
};

use super::error::{Call, HsmError};
use super::library_file;
use super::mechanism::Mechanism;

/// First buffer for a wrapped key: larger than any target, so that one call is enough.
const BUFFER: usize = 8 * 1024;
/// Largest buffer a module can ask for.
const MAX_BUFFER: usize = 64 * 1024;
/// More mechanisms than any token has; a larger count is a broken answer.
const MAX_MECHANISMS: usize = 4096;
/// The wrapping key inside `CKM_RSA_AES_KEY_WRAP` is AES-256 (BYOK specification, "Key Transfer Blob").
const WRAPPING_KEY_BITS: CK_ULONG = 256;

/// How to wrap in one C_WrapKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrapMechanism {
    /// `CKM_RSA_PKCS_OAEP` with SHA-1, MGF1-SHA-1 and an empty label.
    OaepSha1,
    /// `CKM_RSA_AES_KEY_WRAP` with an AES-256 key and the same OAEP.
    RsaAesKeyWrap,
    /// A mechanism without a parameter.
    Bare(CK_MECHANISM_TYPE),
}

/// The raw calls of one module.
pub(super) struct RawCalls {
    functions: CK_FUNCTION_LIST,
    /// Keeps a vendor's library loaded as long as its function list is used.
    _library: Option<cryptoki_sys::Pkcs11>,
}

impl RawCalls {
    /// Loads a vendor's library. Telling apart what is wrong with it is this function's job too.
    pub(super) fn of_library(path: &Path) -> Result<Self, HsmError> {
        if !path.exists() {
            return Err(HsmError::ModuleMissing {
                path: path.to_owned(),
            });
        }
        // SAFETY: loading a library runs its initialisers. That is what the user asked for, and it
        // happens in the worker process, which holds no secrets yet.
        let library = unsafe { cryptoki_sys::Pkcs11::new(path) }
            .map_err(|error| library_file::not_loaded(path, &error.to_string()))?;
        if library.C_GetFunctionList.is_err() {
            return Err(HsmError::ModuleNotPkcs11 {
                path: path.to_owned(),
            });
        }
        let mut list = null_mut();
        // SAFETY: the symbol was found, and `list` is a valid place for one pointer.
        let rv = unsafe { library.C_GetFunctionList(&mut list) };
        check(rv, "C_GetFunctionList")?;
        // SAFETY: C_GetFunctionList has just returned this pointer for the loaded library.
        let functions = unsafe { functions_at(list)? };
        Ok(Self {
            functions,
            _library: Some(library),
        })
    }

    /// The token that is linked into this program.
    #[cfg(feature = "embedded")]
    pub(super) fn of_embedded() -> Result<Self, HsmError> {
        let mut list = null_mut();
        check(C_GetFunctionList(&mut list), "C_GetFunctionList")?;
        // SAFETY: the embedded token's list is a static of this program.
        let functions = unsafe { functions_at(list)? };
        Ok(Self {
            functions,
            _library: None,
        })
    }

    /// Every mechanism that the token lists, known to `cryptoki` or not.
    pub(super) fn mechanisms(&self, slot: Slot) -> Result<Vec<CK_MECHANISM_TYPE>, HsmError> {
        const CALL: &str = "C_GetMechanismList";
        let call = self
            .functions
            .C_GetMechanismList
            .ok_or_else(|| missing(CALL))?;
        let mut count: CK_ULONG = 0;
        // SAFETY: a null list asks for the count alone (PKCS#11 v3.1 §5.5.6).
        check(unsafe { call(slot.into(), null_mut(), &mut count) }, CALL)?;
        let room = usize::try_from(count)
            .ok()
            .filter(|room| *room <= MAX_MECHANISMS)
            .ok_or_else(|| absurd(CALL))?;
        let mut list: Vec<CK_MECHANISM_TYPE> = vec![0; room];
        // SAFETY: `list` has room for `count` entries, and the module is told so.
        check(
            unsafe { call(slot.into(), list.as_mut_ptr(), &mut count) },
            CALL,
        )?;
        list.truncate(usize::try_from(count).map_err(|_| absurd(CALL))?);
        Ok(list)
    }

    /// What the token says of a mechanism: flags and key sizes.
    pub(super) fn mechanism_info(
        &self,
        slot: Slot,
        number: CK_MECHANISM_TYPE,
    ) -> Result<Mechanism, HsmError> {
        const CALL: &str = "C_GetMechanismInfo";
        let call = self
            .functions
            .C_GetMechanismInfo
            .ok_or_else(|| missing(CALL))?;
        let mut info = CK_MECHANISM_INFO::default();
        // SAFETY: `info` is a valid place for one CK_MECHANISM_INFO.
        check(unsafe { call(slot.into(), number, &mut info) }, CALL)?;
        Ok(Mechanism::new(number, info))
    }

    /// Wraps `target` under `wrapping`: one call with a large buffer, a second only when the module
    /// asks for more room.
    pub(super) fn wrap(
        &self,
        session: &Session,
        mechanism: WrapMechanism,
        wrapping: ObjectHandle,
        target: ObjectHandle,
    ) -> Result<Vec<u8>, HsmError> {
        const CALL: &str = "C_WrapKey";
        let call = self.functions.C_WrapKey.ok_or_else(|| missing(CALL))?;
        let mut oaep = oaep_sha1();
        let mut both = CK_RSA_AES_KEY_WRAP_PARAMS {
            ulAESKeyBits: WRAPPING_KEY_BITS,
            pOAEPParams: &raw mut oaep,
        };
        let (mechanism, parameter, length) = match mechanism {
            WrapMechanism::OaepSha1 => (
                CKM_RSA_PKCS_OAEP,
                (&raw mut oaep).cast(),
                size_of::<CK_RSA_PKCS_OAEP_PARAMS>(),
            ),
            WrapMechanism::RsaAesKeyWrap => (
                CKM_RSA_AES_KEY_WRAP,
                (&raw mut both).cast(),
                size_of::<CK_RSA_AES_KEY_WRAP_PARAMS>(),
            ),
            WrapMechanism::Bare(mechanism) => (mechanism, null_mut(), 0),
        };
        let mut mechanism = CK_MECHANISM {
            mechanism,
            pParameter: parameter,
            ulParameterLen: CK_ULONG::try_from(length).map_err(|_| absurd(CALL))?,
        };
        let mut room = BUFFER;
        loop {
            let mut wrapped = vec![0_u8; room];
            let mut length = CK_ULONG::try_from(room).map_err(|_| absurd(CALL))?;
            // SAFETY: the mechanism and its parameters live until the call returns, `wrapped` has
            // `length` bytes, and the handles are of this session's token.
            let rv = unsafe {
                call(
                    session.handle(),
                    &mut mechanism,
                    wrapping.handle(),
                    target.handle(),
                    wrapped.as_mut_ptr(),
                    &mut length,
                )
            };
            let length = usize::try_from(length).map_err(|_| absurd(CALL))?;
            if rv == CKR_BUFFER_TOO_SMALL && length > room && length <= MAX_BUFFER {
                room = length;
                continue;
            }
            check(rv, CALL)?;
            if length > room {
                return Err(absurd(CALL));
            }
            wrapped.truncate(length);
            return Ok(wrapped);
        }
    }
}

/// Starts the module, with `text` for `pReserved` when given.
pub(super) fn initialize(
    pkcs11: &Pkcs11,
    text: Option<&str>,
) -> Result<(), cryptoki::error::Error> {
    let flags = CInitializeFlags::OS_LOCKING_OK;
    let Some(text) = text else {
        return pkcs11.initialize(CInitializeArgs::new(flags));
    };
    let text = CString::new(text)?;
    let arguments = match NonNull::new(text.as_ptr().cast_mut()) {
        // SAFETY: modules that take pReserved take a C string there, and `text` outlives the call.
        Some(pointer) => unsafe { CInitializeArgs::new_with_reserved(flags, pointer.cast()) },
        None => CInitializeArgs::new(flags),
    };
    pkcs11.initialize(arguments)
}

/// The embedded token's entry point. `cryptoki` looks it up by name in the running program
/// (`Pkcs11::new_from_self`), so `build.rs` has the linker export it.
#[cfg(feature = "embedded")]
#[allow(unreachable_pub, reason = "reached by the dynamic linker")]
#[unsafe(no_mangle)]
pub extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    // Both crates generate their types from the same C header.
    kryoptic_lib::fns::general::fn_get_function_list(list.cast())
}

/// # Safety
/// `list` is null or points to a function list that lives as long as the program or its library.
unsafe fn functions_at(list: *mut CK_FUNCTION_LIST) -> Result<CK_FUNCTION_LIST, HsmError> {
    if list.is_null() {
        return Err(absurd("C_GetFunctionList"));
    }
    // SAFETY: not null, and valid by this function's contract; unaligned because it is packed on Windows.
    Ok(unsafe { list.read_unaligned() })
}

fn oaep_sha1() -> CK_RSA_PKCS_OAEP_PARAMS {
    CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: CKM_SHA_1,
        mgf: CKG_MGF1_SHA1,
        source: CKZ_DATA_SPECIFIED,
        pSourceData: null_mut(),
        ulSourceDataLen: 0,
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "CK_RV is 32 bits wide on some targets"
)]
fn check(rv: CK_RV, function: &str) -> Result<(), HsmError> {
    match rv {
        CKR_OK => Ok(()),
        CKR_PIN_EXPIRED => Err(HsmError::PinToBeChanged),
        CKR_USER_NOT_LOGGED_IN => Err(HsmError::NotLoggedIn),
        _ => Err(HsmError::Call(Call::of_value(function, rv.into()))),
    }
}

fn missing(function: &str) -> HsmError {
    HsmError::ModuleAnswer {
        why: format!("its function list has no {function}"),
    }
}

fn absurd(function: &str) -> HsmError {
    HsmError::ModuleAnswer {
        why: format!("{function} returned an impossible length"),
    }
}
