//! Module, slots and token.
#![allow(unsafe_code, reason = "C's calling convention")]
#![allow(non_snake_case, reason = "the standard's names")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contract of each is that of PKCS#11"
)]

use std::ffi::{CString, c_void};

use cryptoki_sys::*;

use crate::identity;
use crate::inner::supported;
use crate::memory;
use crate::module::{Call, answer};
use crate::rv::Rv;

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
