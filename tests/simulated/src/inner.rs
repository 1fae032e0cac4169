//! The real token, and the few calls that the simulation itself makes of it.
#![allow(unsafe_code, reason = "calls through C function pointers")]

use std::path::Path;
use std::ptr::null_mut;

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_FUNCTION_LIST, CK_MECHANISM, CK_MECHANISM_TYPE,
    CK_OBJECT_HANDLE, CK_RSA_AES_KEY_WRAP_PARAMS, CK_RSA_PKCS_OAEP_PARAMS, CK_SESSION_HANDLE,
    CK_SLOT_ID, CK_ULONG, CK_UNAVAILABLE_INFORMATION, CKM_RSA_AES_KEY_WRAP, CKM_RSA_PKCS_OAEP,
    CKR_ATTRIBUTE_TYPE_INVALID, CKR_FUNCTION_NOT_SUPPORTED, CKR_GENERAL_ERROR,
};

use crate::memory::{Attribute, length, number};
use crate::rv::Rv;

/// Longer than any wrapped key.
const BUFFER: usize = 16 * 1024;

/// The real token.
pub(crate) struct Inner {
    functions: CK_FUNCTION_LIST,
    /// Keeps a library loaded as long as its function list is used.
    _library: Option<cryptoki_sys::Pkcs11>,
}

/// One object of the real token.
#[derive(Clone, Copy)]
pub(crate) struct Key<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) session: CK_SESSION_HANDLE,
    pub(crate) handle: CK_OBJECT_HANDLE,
}

/// With what the real token wraps.
#[derive(Clone, Copy)]
pub(crate) enum InnerWrap {
    Bare(CK_MECHANISM_TYPE),
    Oaep(CK_RSA_PKCS_OAEP_PARAMS),
    RsaAes(CK_RSA_AES_KEY_WRAP_PARAMS),
}

impl Inner {
    /// The library, or the token that is linked in.
    pub(crate) fn load(library: Option<&Path>) -> Result<Self, String> {
        let mut list = null_mut();
        let (value, library) = match library {
            Some(path) => {
                // SAFETY: the scenario names a PKCS#11 module, and this process is a test's worker.
                let library = unsafe { cryptoki_sys::Pkcs11::new(path) };
                let library = library.map_err(|error| error.to_string())?;
                if library.C_GetFunctionList.is_err() {
                    return Err("the library is no PKCS#11 module".to_owned());
                }
                // SAFETY: the symbol was found, and `list` is a valid place for one pointer.
                (
                    unsafe { library.C_GetFunctionList(&mut list) },
                    Some(library),
                )
            }
            None => {
                let place: *mut *mut CK_FUNCTION_LIST = &mut list;
                // Both crates generate their types from the same C header.
                (
                    kryoptic_lib::fns::general::fn_get_function_list(place.cast()),
                    None,
                )
            }
        };
        if value != 0 || list.is_null() {
            return Err(format!(
                "the real token's C_GetFunctionList returned 0x{value:X}"
            ));
        }
        Ok(Self {
            // SAFETY: C_GetFunctionList has just returned this pointer, and the library stays loaded.
            functions: unsafe { list.read_unaligned() },
            _library: library,
        })
    }

    /// The real token's function list.
    pub(crate) fn functions(&self) -> &CK_FUNCTION_LIST {
        &self.functions
    }

    /// The slots that hold a token.
    pub(crate) fn slots(&self) -> Result<Vec<CK_SLOT_ID>, Rv> {
        let call = supported(self.functions.C_GetSlotList)?;
        self.listed(|to, count| {
            // SAFETY: `to` is null or has room for `*count` slots.
            unsafe { call(1, to, count) }
        })
    }

    /// The mechanisms of a slot.
    pub(crate) fn mechanisms(&self, slot: CK_SLOT_ID) -> Result<Vec<CK_MECHANISM_TYPE>, Rv> {
        let call = supported(self.functions.C_GetMechanismList)?;
        self.listed(|to, count| {
            // SAFETY: `to` is null or has room for `*count` mechanisms.
            unsafe { call(slot, to, count) }
        })
    }

    fn listed(
        &self,
        ask: impl Fn(*mut CK_ULONG, &mut CK_ULONG) -> u64,
    ) -> Result<Vec<CK_ULONG>, Rv> {
        let mut count = 0;
        Rv::check(ask(null_mut(), &mut count))?;
        let mut list = vec![0; length(count)?];
        Rv::check(ask(list.as_mut_ptr(), &mut count))?;
        list.truncate(length(count)?);
        Ok(list)
    }

    /// Makes a session object.
    pub(crate) fn create(
        &self,
        session: CK_SESSION_HANDLE,
        template: &mut [Attribute],
    ) -> Result<Key<'_>, Rv> {
        let call = supported(self.functions.C_CreateObject)?;
        let mut attributes = Vec::new();
        for attribute in template {
            attributes.push(CK_ATTRIBUTE {
                type_: attribute.kind,
                pValue: attribute.value.as_mut_ptr().cast(),
                ulValueLen: number(attribute.value.len())?,
            });
        }
        let mut handle = 0;
        // SAFETY: the attributes and their values live until the call returns.
        Rv::check(unsafe {
            call(
                session,
                attributes.as_mut_ptr(),
                number(attributes.len())?,
                &mut handle,
            )
        })?;
        Ok(Key {
            inner: self,
            session,
            handle,
        })
    }
}

impl Key<'_> {
    /// One attribute's bytes.
    pub(crate) fn attribute(&self, kind: CK_ATTRIBUTE_TYPE) -> Result<Vec<u8>, Rv> {
        let call = supported(self.inner.functions.C_GetAttributeValue)?;
        let mut value = vec![0_u8; 1024];
        let mut attribute = CK_ATTRIBUTE {
            type_: kind,
            pValue: value.as_mut_ptr().cast(),
            ulValueLen: number(value.len())?,
        };
        // SAFETY: the attribute has room for as many bytes as it says.
        Rv::check(unsafe { call(self.session, self.handle, &mut attribute, 1) })?;
        if attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION {
            return Err(Rv(CKR_ATTRIBUTE_TYPE_INVALID));
        }
        value.truncate(length(attribute.ulValueLen)?);
        Ok(value)
    }

    /// An attribute that is a `CK_ULONG`.
    pub(crate) fn number(&self, kind: CK_ATTRIBUTE_TYPE) -> Result<CK_ULONG, Rv> {
        let bytes = self.attribute(kind)?;
        let bytes = bytes.try_into().map_err(|_| Rv(CKR_GENERAL_ERROR))?;
        Ok(CK_ULONG::from_ne_bytes(bytes))
    }

    /// Wraps `target` under this key.
    pub(crate) fn wrap(&self, by: InnerWrap, target: CK_OBJECT_HANDLE) -> Result<Vec<u8>, Rv> {
        let call = supported(self.inner.functions.C_WrapKey)?;
        let mut by = by;
        let mut mechanism = match &mut by {
            InnerWrap::Bare(code) => CK_MECHANISM {
                mechanism: *code,
                pParameter: null_mut(),
                ulParameterLen: 0,
            },
            InnerWrap::Oaep(parameter) => CK_MECHANISM {
                mechanism: CKM_RSA_PKCS_OAEP,
                pParameter: (&raw mut *parameter).cast(),
                ulParameterLen: number(size_of_val(parameter))?,
            },
            InnerWrap::RsaAes(parameter) => CK_MECHANISM {
                mechanism: CKM_RSA_AES_KEY_WRAP,
                pParameter: (&raw mut *parameter).cast(),
                ulParameterLen: number(size_of_val(parameter))?,
            },
        };
        let mut wrapped = vec![0; BUFFER];
        let mut count = number(BUFFER)?;
        // SAFETY: the mechanism and its parameter live until the call returns; `wrapped` has `count` bytes.
        Rv::check(unsafe {
            call(
                self.session,
                &mut mechanism,
                self.handle,
                target,
                wrapped.as_mut_ptr(),
                &mut count,
            )
        })?;
        wrapped.truncate(length(count)?);
        Ok(wrapped)
    }

    /// Destroys the object; the end of the session does it otherwise.
    pub(crate) fn destroy(self) {
        if let Some(call) = self.inner.functions.C_DestroyObject {
            // SAFETY: plain numbers.
            let _remains_to_the_session = unsafe { call(self.session, self.handle) };
        }
    }
}

/// A function of the list, which may have none.
pub(crate) fn supported<F>(function: Option<F>) -> Result<F, Rv> {
    function.ok_or(Rv(CKR_FUNCTION_NOT_SUPPORTED))
}
