//! Objects and their attributes.
#![allow(unsafe_code, reason = "C's calling convention")]
#![allow(non_snake_case, reason = "the standard's names")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contract of each is that of PKCS#11"
)]

use cryptoki_sys::*;

use super::check_new;
use crate::inner::{Key, supported};
use crate::memory;
use crate::module::{Call, answer};
use crate::rv::Rv;

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
