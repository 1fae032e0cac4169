//! The calls that a scenario can bend: their pointers are read here, and the rest is in safe code.
#![allow(unsafe_code, reason = "C's calling convention")]
#![allow(non_snake_case, reason = "the standard's names")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contract of each is that of PKCS#11"
)]

use std::ffi::{CString, c_void};

use cryptoki_sys::*;

use crate::identity;
use crate::inner::{Key, supported};
use crate::memory::{self, Place};
use crate::module::{Call, Module, answer};
use crate::rv::Rv;
use crate::wrap;

/// Passes a call on to the real token.
macro_rules! pass {
    ($module:expr, $name:ident($($argument:expr),*)) => {{
        let call = supported($module.inner.functions().$name)?;
        // SAFETY: the caller's contract is the real token's.
        Rv::check(unsafe { call($($argument),*) })
    }};
}

pub(crate) unsafe extern "C" fn C_Initialize(arguments: *mut c_void) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_Initialize"))?;
        let Some(reserved) = &module.scenario.reserved else {
            return pass!(module, C_Initialize(arguments));
        };
        let text = CString::new(reserved.as_str()).map_err(|_| Rv(CKR_ARGUMENTS_BAD))?;
        // SAFETY: null or valid by the caller's contract.
        let given = unsafe { arguments.cast::<CK_C_INITIALIZE_ARGS>().as_ref() };
        let mut arguments = given.copied().unwrap_or_default();
        arguments.pReserved = text.as_ptr().cast_mut().cast();
        pass!(module, C_Initialize((&raw mut arguments).cast()))
    })
}

pub(crate) unsafe extern "C" fn C_Finalize(reserved: *mut c_void) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_Finalize"))?;
        module.sessions_ended();
        pass!(module, C_Finalize(reserved))
    })
}

pub(crate) unsafe extern "C" fn C_GetInfo(info: *mut CK_INFO) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_GetInfo"))?;
        pass!(module, C_GetInfo(info))?;
        // SAFETY: the real token has just filled it in.
        identity::of_module(unsafe { &mut *info }, &module.scenario.module);
        Ok(())
    })
}

pub(crate) unsafe extern "C" fn C_GetSlotList(
    _present: CK_BBOOL,
    list: *mut CK_SLOT_ID,
    count: *mut CK_ULONG,
) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_GetSlotList"))?;
        let slots = module.slots()?;
        // SAFETY: the caller's contract is that of `list`.
        unsafe { memory::list(list, count, &slots) }
    })
}

pub(crate) unsafe extern "C" fn C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_GetSlotInfo"))?;
        pass!(module, C_GetSlotInfo(module.real_slot(slot)?, info))
    })
}

pub(crate) unsafe extern "C" fn C_GetTokenInfo(
    slot: CK_SLOT_ID,
    info: *mut CK_TOKEN_INFO,
) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_GetTokenInfo"))?;
        pass!(module, C_GetTokenInfo(module.real_slot(slot)?, info))?;
        // SAFETY: the real token has just filled it in.
        identity::of_token(unsafe { &mut *info }, &module.scenario.token);
        Ok(())
    })
}

pub(crate) unsafe extern "C" fn C_GetMechanismList(
    slot: CK_SLOT_ID,
    list: *mut CK_MECHANISM_TYPE,
    count: *mut CK_ULONG,
) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_GetMechanismList"))?;
        let codes = module.mechanisms(slot)?;
        // SAFETY: the caller's contract is that of `list`.
        unsafe { memory::list(list, count, &codes) }
    })
}

pub(crate) unsafe extern "C" fn C_GetMechanismInfo(
    slot: CK_SLOT_ID,
    code: CK_MECHANISM_TYPE,
    info: *mut CK_MECHANISM_INFO,
) -> CK_RV {
    answer(|module| {
        let call = Call {
            mechanism: Some(code),
            ..Call::of("C_GetMechanismInfo")
        };
        module.enter(&call)?;
        let rule = module.mechanism(code);
        let told = pass!(
            module,
            C_GetMechanismInfo(module.real_slot(slot)?, code, info)
        );
        let Some(rule) = rule else { return told };
        // SAFETY: null or valid by the caller's contract.
        let place = unsafe { info.as_mut() }.ok_or(Rv(CKR_ARGUMENTS_BAD))?;
        *place = rule.info(told.map_or_else(|_| CK_MECHANISM_INFO::default(), |()| *place));
        Ok(())
    })
}

pub(crate) unsafe extern "C" fn C_InitToken(
    slot: CK_SLOT_ID,
    pin: *mut CK_UTF8CHAR,
    length: CK_ULONG,
    label: *mut CK_UTF8CHAR,
) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_InitToken"))?;
        pass!(
            module,
            C_InitToken(module.real_slot(slot)?, pin, length, label)
        )
    })
}

pub(crate) unsafe extern "C" fn C_OpenSession(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    application: *mut c_void,
    notify: CK_NOTIFY,
    session: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_OpenSession"))?;
        module.check_sessions()?;
        pass!(
            module,
            C_OpenSession(module.real_slot(slot)?, flags, application, notify, session)
        )?;
        // SAFETY: the real token has just filled it in.
        module.session_opened(unsafe { *session });
        Ok(())
    })
}

pub(crate) unsafe extern "C" fn C_CloseSession(session: CK_SESSION_HANDLE) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_CloseSession"))?;
        module.session_closed(session);
        pass!(module, C_CloseSession(session))
    })
}

pub(crate) unsafe extern "C" fn C_CloseAllSessions(slot: CK_SLOT_ID) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_CloseAllSessions"))?;
        module.sessions_ended();
        pass!(module, C_CloseAllSessions(module.real_slot(slot)?))
    })
}

pub(crate) unsafe extern "C" fn C_Login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_UTF8CHAR,
    length: CK_ULONG,
) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_Login"))?;
        if !pin.is_null() {
            return pass!(module, C_Login(session, user, pin, length));
        }
        let mut typed = module.typed_at_pad()?;
        let length = memory::number(typed.len())?;
        pass!(module, C_Login(session, user, typed.as_mut_ptr(), length))
    })
}

pub(crate) unsafe extern "C" fn C_CreateObject(
    session: CK_SESSION_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    object: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_CreateObject"))?;
        // SAFETY: the caller's contract is that of `check_new`.
        unsafe { check_new(module, "C_CreateObject", template, count)? };
        pass!(module, C_CreateObject(session, template, count, object))
    })
}

pub(crate) unsafe extern "C" fn C_CopyObject(
    session: CK_SESSION_HANDLE,
    from: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    object: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_CopyObject"))?;
        // SAFETY: the caller's contract is that of `check_new`.
        unsafe { check_new(module, "C_CopyObject", template, count)? };
        pass!(module, C_CopyObject(session, from, template, count, object))
    })
}

pub(crate) unsafe extern "C" fn C_SetAttributeValue(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    const NAME: &str = "C_SetAttributeValue";
    answer(|module| {
        module.enter(&Call::of(NAME))?;
        // SAFETY: the caller's contract is that of `template`.
        module.check_template(NAME, &unsafe { memory::template(template, count)? })?;
        pass!(
            module,
            C_SetAttributeValue(session, object, template, count)
        )
    })
}

/// Attributes with a rule are answered here, each of the others by the real token.
pub(crate) unsafe extern "C" fn C_GetAttributeValue(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    answer(|module| {
        module.enter(&Call::of("C_GetAttributeValue"))?;
        if module.scenario.attribute.is_empty() || template.is_null() {
            return pass!(
                module,
                C_GetAttributeValue(session, object, template, count)
            );
        }
        let key = Key {
            inner: &module.inner,
            session,
            handle: object,
        };
        // SAFETY: not null, and `count` long by the caller's contract.
        let attributes =
            unsafe { std::slice::from_raw_parts_mut(template, memory::length(count)?) };
        let mut outcome = Ok(());
        for attribute in attributes {
            let rule = module
                .scenario
                .attribute
                .iter()
                .find(|rule| rule.attribute == attribute.type_ && rule.fits(&key));
            let answered = match rule.map(|rule| rule.shown()) {
                // SAFETY: the caller's contract is that of `show`.
                Some(Ok(value)) => unsafe { memory::show(attribute, Some(&value)) },
                // SAFETY: as above.
                Some(Err(value)) => unsafe { memory::show(attribute, None) }.and(Err(Rv(value))),
                None => pass!(module, C_GetAttributeValue(session, object, attribute, 1)),
            };
            // All are answered; the last failure is told (PKCS#11 v3.1 §5.7.5).
            if answered.is_err() {
                outcome = answered;
            }
        }
        outcome
    })
}

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

/// # Safety
/// `mechanism` is null or valid.
unsafe fn enter_with(
    module: &Module,
    name: &'static str,
    mechanism: *const CK_MECHANISM,
) -> Result<(), Rv> {
    // SAFETY: by this function's contract.
    let code = unsafe { memory::mechanism_code(mechanism)? };
    module.enter(&Call {
        mechanism: Some(code),
        ..Call::of(name)
    })
}

/// # Safety
/// As [`memory::template`].
unsafe fn check_new(
    module: &Module,
    name: &'static str,
    template: *const CK_ATTRIBUTE,
    count: CK_ULONG,
) -> Result<(), Rv> {
    // SAFETY: by this function's contract.
    let template = unsafe { memory::template(template, count)? };
    module.check_lifetime(&template)?;
    module.check_template(name, &template)
}
