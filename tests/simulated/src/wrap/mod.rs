//! What vendors' mechanisms make, made of what the real token can.

mod key_wrap;
mod oaep;
mod reveal;

use cryptoki_sys::{CK_MECHANISM_TYPE, CK_RSA_PKCS_OAEP_PARAMS, CKR_MECHANISM_PARAM_INVALID};

use crate::inner::{InnerWrap, Key};
use crate::memory::{Lies, Place};
use crate::rv::Rv;
use crate::scenario::{MechanismRule, Wraps};

/// The mechanism that a caller asked for, with its parameter.
pub(crate) enum Asked {
    /// A key wrap, whose initial value is the standard's.
    Bare(CK_MECHANISM_TYPE),
    /// RSA-OAEP.
    Oaep(CK_RSA_PKCS_OAEP_PARAMS),
    /// `CKM_RSA_AES_KEY_WRAP` under AES-256.
    RsaAes(CK_RSA_PKCS_OAEP_PARAMS),
}

/// Wraps `target` under `wrapping` as the rule says, and hands it out as the rule says.
pub(crate) fn wrap(
    rule: &MechanismRule,
    asked: Asked,
    wrapping: Key<'_>,
    target: Key<'_>,
    place: Place,
) -> Result<(), Rv> {
    let mut wrapped = match (rule.wraps, asked) {
        (None, Asked::Bare(code)) => wrapping.wrap(InnerWrap::Bare(code), target.handle)?,
        (None, Asked::Oaep(parameter)) => {
            wrapping.wrap(InnerWrap::Oaep(parameter), target.handle)?
        }
        (Some(Wraps::Oaep(hash)), Asked::Oaep(_)) => oaep::wrap(hash, wrapping, target)?,
        (Some(Wraps::Key(how)), Asked::Bare(_)) => key_wrap::wrap(how, wrapping, target)?,
        (Some(Wraps::RsaAes { hash, key }), Asked::RsaAes(parameter)) => {
            oaep::check(&parameter)?;
            let wrapping_key = reveal::known_key(wrapping)?;
            let first = oaep::wrap(hash, wrapping, wrapping_key.key);
            let second = key_wrap::wrap_under(key, &*wrapping_key.value, target);
            wrapping_key.key.destroy();
            [first?, second?].concat()
        }
        _ => return Err(Rv(CKR_MECHANISM_PARAM_INVALID)),
    };
    let length = wrapped.len().saturating_add_signed(rule.returned.into());
    wrapped.resize(length, 0);
    let lies = Lies {
        announced: rule.announced,
        room: rule.room,
    };
    place.give(&wrapped, lies)
}
