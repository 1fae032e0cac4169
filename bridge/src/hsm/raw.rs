//! The PKCS#11 calls that the `cryptoki` crate cannot make, and the only unsafe code.
//!
//! `cryptoki` drops mechanisms that it does not know from the token's list, has no KWP (0x210B),
//! and neither truncates a wrapped key to the returned length nor wraps in one call (NSS misreports
//! the length when asked for it first). It asks for attributes twice, first for their lengths, and
//! takes a portion of handles that is not full for the last one. So C_GetMechanismList,
//! C_GetMechanismInfo, C_WrapKey, and the calls that a listing of thousands of keys is made of, are
//! called here, on the same library and with `cryptoki`'s handles.
#![allow(unsafe_code, reason = "calls through C function pointers")]
#![allow(
    clippy::useless_conversion,
    reason = "CK_ULONG is 32 bits wide on some targets"
)]

use std::cell::Cell;
use std::ffi::CString;
use std::path::Path;
use std::ptr::{NonNull, null_mut};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_FUNCTION_LIST, CK_MECHANISM, CK_MECHANISM_INFO, CK_MECHANISM_TYPE,
    CK_OBJECT_HANDLE, CK_RSA_AES_KEY_WRAP_PARAMS, CK_RSA_PKCS_OAEP_PARAMS, CK_RV,
    CK_SESSION_HANDLE, CK_ULONG, CKG_MGF1_SHA1, CKM_RSA_AES_KEY_WRAP, CKM_RSA_PKCS_OAEP, CKM_SHA_1,
    CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID, CKR_BUFFER_TOO_SMALL, CKR_OK,
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
/// Handles that a token is asked for at once.
const PORTION: usize = 1024;
/// More objects than any token has; a listing that goes on beyond is a broken answer.
const MAX_OBJECTS: usize = 1 << 20;
/// Room for an attribute whose length is not fixed: more than a modulus of 8192 bits.
const ATTRIBUTE: usize = 1024;
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

/// What an object showed of the attributes that it was asked for.
pub(super) struct Shown {
    /// Those that it has and `cryptoki` can read.
    pub(super) attributes: Vec<Attribute>,
    /// Whether the token had anything to say against the question.
    pub(super) answer: ShownAnswer,
}

/// How a token answered a question for several attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShownAnswer {
    /// It showed all of them.
    Full,
    /// Some it does not have, does not show, or has longer than there was room for.
    Gaps,
}

/// The raw calls of one module.
pub(super) struct RawCalls {
    functions: CK_FUNCTION_LIST,
    /// How many wraps came back.
    wraps: Cell<u64>,
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
            wraps: Cell::default(),
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
            wraps: Cell::default(),
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

    /// The objects that fit `template`.
    pub(super) fn find(
        &self,
        session: &Session,
        template: &[Attribute],
    ) -> Result<Vec<ObjectHandle>, HsmError> {
        let handles = self.find_in(session.handle(), template)?;
        // SAFETY: these are handles that the token has just given out in this session.
        let handle = |raw| unsafe { ObjectHandle::new_from_raw(raw) };
        Ok(handles.into_iter().map(handle).collect())
    }

    /// In large portions, until an empty one: a token may hand out fewer handles than there is room
    /// for although more are left (PKCS#11 v3.1 §5.7.8).
    fn find_in(
        &self,
        session: CK_SESSION_HANDLE,
        template: &[Attribute],
    ) -> Result<Vec<CK_OBJECT_HANDLE>, HsmError> {
        const CALLS: [&str; 3] = ["C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal"];
        let [init, next, last] = CALLS;
        let list = &self.functions;
        let begin = list.C_FindObjectsInit.ok_or_else(|| missing(init))?;
        let more = list.C_FindObjects.ok_or_else(|| missing(next))?;
        let end = list.C_FindObjectsFinal.ok_or_else(|| missing(last))?;
        let mut template: Vec<CK_ATTRIBUTE> = template.iter().map(Into::into).collect();
        let count = CK_ULONG::try_from(template.len()).map_err(|_| absurd(init))?;
        // SAFETY: the template's values are borrowed until the call returns.
        check(
            unsafe { begin(session, template.as_mut_ptr(), count) },
            init,
        )?;
        let portion = || {
            let mut handles: Vec<CK_OBJECT_HANDLE> = vec![0; PORTION];
            let mut found: CK_ULONG = 0;
            let room = CK_ULONG::try_from(PORTION).map_err(|_| absurd(next))?;
            // SAFETY: `handles` has room for as many as the module is told.
            check(
                unsafe { more(session, handles.as_mut_ptr(), room, &mut found) },
                next,
            )?;
            let found = usize::try_from(found).map_err(|_| absurd(next))?;
            if found > PORTION {
                return Err(absurd(next));
            }
            handles.truncate(found);
            Ok(handles)
        };
        let mut all = Vec::new();
        let outcome = loop {
            match portion() {
                Ok(handles) if handles.is_empty() => break Ok(all),
                Ok(_) if all.len() > MAX_OBJECTS => break Err(absurd(next)),
                Ok(handles) => all.extend(handles),
                Err(error) => break Err(error),
            }
        };
        // SAFETY: plain numbers. What it returns matters to no one: the handles are at hand.
        let _ended = unsafe { end(session) };
        outcome
    }

    /// Asks an object for several attributes in one call, with room for their usual lengths.
    pub(super) fn attributes(
        &self,
        session: &Session,
        object: ObjectHandle,
        types: &[AttributeType],
    ) -> Result<Shown, HsmError> {
        self.attributes_in(session.handle(), object.handle(), types)
    }

    fn attributes_in(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        types: &[AttributeType],
    ) -> Result<Shown, HsmError> {
        const CALL: &str = "C_GetAttributeValue";
        let call = self
            .functions
            .C_GetAttributeValue
            .ok_or_else(|| missing(CALL))?;
        let room = |kind: &AttributeType| kind.fixed_size().unwrap_or(ATTRIBUTE);
        let mut rooms = vec![0_u8; types.iter().map(room).sum()];
        let mut rest = rooms.as_mut_slice();
        let mut template = Vec::with_capacity(types.len());
        for kind in types {
            let (place, behind) = rest
                .split_at_mut_checked(room(kind))
                .ok_or_else(|| absurd(CALL))?;
            rest = behind;
            template.push(CK_ATTRIBUTE {
                type_: (*kind).into(),
                pValue: place.as_mut_ptr().cast(),
                ulValueLen: CK_ULONG::try_from(place.len()).map_err(|_| absurd(CALL))?,
            });
        }
        let count = CK_ULONG::try_from(template.len()).map_err(|_| absurd(CALL))?;
        // SAFETY: each attribute has as much room as it says, in `rooms`, until the call returns.
        let rv = unsafe { call(session, object, template.as_mut_ptr(), count) };
        let mut answer = match rv {
            CKR_OK => ShownAnswer::Full,
            CKR_ATTRIBUTE_SENSITIVE | CKR_ATTRIBUTE_TYPE_INVALID | CKR_BUFFER_TOO_SMALL => {
                ShownAnswer::Gaps
            }
            _ => return Err(check(rv, CALL).err().unwrap_or_else(|| absurd(CALL))),
        };
        let mut attributes = Vec::with_capacity(template.len());
        for (kind, attribute) in types.iter().zip(template) {
            match usize::try_from(attribute.ulValueLen) {
                // A value that `cryptoki` cannot read is as good as none.
                Ok(length) if length <= room(kind) => attributes.extend(attribute.try_into().ok()),
                // CK_UNAVAILABLE_INFORMATION among them (PKCS#11 v3.1 §5.7.5).
                _ => answer = ShownAnswer::Gaps,
            }
        }
        Ok(Shown { attributes, answer })
    }

    /// How many times the token has wrapped so far.
    pub(super) fn wraps(&self) -> u64 {
        self.wraps.get()
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
            self.wraps.set(self.wraps.get() + 1);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use cryptoki_sys::{CK_UNAVAILABLE_INFORMATION, CKR_DEVICE_ERROR, CKR_GENERAL_ERROR};

    use super::*;

    thread_local! {
        static LEFT: Cell<CK_ULONG> = const { Cell::new(0) };
        static ENDED: Cell<u32> = const { Cell::new(0) };
    }

    unsafe extern "C" fn init(_: CK_SESSION_HANDLE, _: *mut CK_ATTRIBUTE, _: CK_ULONG) -> CK_RV {
        CKR_OK
    }

    /// Hands out three handles at a time, whatever room there is, and fails when none was left before.
    unsafe extern "C" fn next(
        _: CK_SESSION_HANDLE,
        handles: *mut CK_OBJECT_HANDLE,
        room: CK_ULONG,
        count: *mut CK_ULONG,
    ) -> CK_RV {
        let left = LEFT.get();
        if left == CK_ULONG::MAX {
            return CKR_DEVICE_ERROR;
        }
        let portion = left.min(3).min(room);
        for place in 0..portion {
            // SAFETY: the caller's array has room for `room` handles.
            unsafe {
                handles
                    .add(usize::try_from(place).unwrap())
                    .write(left - place);
            }
        }
        LEFT.set(left - portion);
        // SAFETY: a valid place for one number.
        unsafe { *count = portion };
        CKR_OK
    }

    unsafe extern "C" fn end(_: CK_SESSION_HANDLE) -> CK_RV {
        ENDED.set(ENDED.get() + 1);
        CKR_OK
    }

    /// Has a label of 2000 bytes, says of an identifier that it is longer than the room, shows no
    /// key type, and fails when it is asked for a modulus.
    unsafe extern "C" fn show(
        _: CK_SESSION_HANDLE,
        _: CK_OBJECT_HANDLE,
        template: *mut CK_ATTRIBUTE,
        count: CK_ULONG,
    ) -> CK_RV {
        let count = usize::try_from(count).unwrap();
        let mut said = CKR_OK;
        // SAFETY: the caller's template is that long.
        for attribute in unsafe { std::slice::from_raw_parts_mut(template, count) } {
            match attribute.type_ {
                cryptoki_sys::CKA_LABEL => {
                    attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
                    said = CKR_BUFFER_TOO_SMALL;
                }
                cryptoki_sys::CKA_ID => attribute.ulValueLen = 5000,
                cryptoki_sys::CKA_EXTRACTABLE => {
                    // SAFETY: there is room for one byte.
                    unsafe { attribute.pValue.cast::<u8>().write(1) };
                    attribute.ulValueLen = 1;
                }
                cryptoki_sys::CKA_KEY_TYPE => {
                    attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
                    said = CKR_ATTRIBUTE_TYPE_INVALID;
                }
                _ => return CKR_GENERAL_ERROR,
            }
        }
        said
    }

    fn calls() -> RawCalls {
        RawCalls {
            wraps: Cell::default(),
            functions: CK_FUNCTION_LIST {
                C_FindObjectsInit: Some(init),
                C_FindObjects: Some(next),
                C_FindObjectsFinal: Some(end),
                C_GetAttributeValue: Some(show),
                ..CK_FUNCTION_LIST::default()
            },
            _library: None,
        }
    }

    #[test]
    fn a_portion_that_is_not_full_is_not_taken_for_the_last() {
        LEFT.set(8);
        let found = calls().find_in(1, &[Attribute::Token(true)]).unwrap();
        assert_eq!(found, [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(ENDED.get(), 1);
    }

    #[test]
    fn a_search_that_fails_is_ended_too() {
        LEFT.set(CK_ULONG::MAX);
        let error = calls().find_in(1, &[]).unwrap_err();
        assert!(matches!(error, HsmError::Call(call) if call.is(CKR_DEVICE_ERROR)));
        assert_eq!(ENDED.get(), 1);
    }

    #[test]
    fn an_answer_says_whether_all_is_there_and_takes_nothing_that_had_no_room() {
        let ask = |types: &[AttributeType]| calls().attributes_in(1, 1, types);
        let shown = ask(&[AttributeType::Extractable]).unwrap();
        assert_eq!(shown.answer, ShownAnswer::Full);
        assert_eq!(shown.attributes, [Attribute::Extractable(true)]);
        let shown = ask(&[AttributeType::KeyType, AttributeType::Extractable]).unwrap();
        assert_eq!(shown.answer, ShownAnswer::Gaps);
        assert_eq!(shown.attributes, [Attribute::Extractable(true)]);
        for long in [AttributeType::Label, AttributeType::Id] {
            let shown = ask(&[AttributeType::Extractable, long]).unwrap();
            assert_eq!(shown.answer, ShownAnswer::Gaps, "{long}");
            assert_eq!(shown.attributes, [Attribute::Extractable(true)], "{long}");
        }
        assert!(ask(&[AttributeType::Modulus]).is_err());
    }
}
