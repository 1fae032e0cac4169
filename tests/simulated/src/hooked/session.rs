//! Sessions and login.
#![allow(unsafe_code, reason = "C's calling convention")]
#![allow(non_snake_case, reason = "the standard's names")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contract of each is that of PKCS#11"
)]

use std::ffi::c_void;

use cryptoki_sys::*;

use crate::inner::supported;
use crate::memory;
use crate::module::{Call, answer};
use crate::rv::Rv;

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
