//! The calls that a scenario can bend: their pointers are read here, and the rest is in safe code.
#![allow(unsafe_code, reason = "C's calling convention")]

/// Passes a call on to the real token.
macro_rules! pass {
    ($module:expr, $name:ident($($argument:expr),*)) => {{
        let call = supported($module.inner.functions().$name)?;
        // SAFETY: the caller's contract is the real token's.
        Rv::check(unsafe { call($($argument),*) })
    }};
}

mod key;
mod object;
mod session;
mod token;

use cryptoki_sys::{CK_ATTRIBUTE, CK_MECHANISM, CK_ULONG};

pub(crate) use key::*;
pub(crate) use object::*;
pub(crate) use session::*;
pub(crate) use token::*;

use crate::memory;
use crate::module::{Call, Module};
use crate::rv::Rv;

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
