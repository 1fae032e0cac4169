//! Keys whose own list of mechanisms keeps them from being wrapped.
//!
//! `CKA_ALLOWED_MECHANISMS` names the mechanisms that a key may be used *with* (PKCS#11 v3.1 §4.9). In
//! C_WrapKey the key in use is the wrapping key, so that on most tokens a target's list says nothing of
//! its being wrapped. Some apply it to the target too. So the list counts only beside a refusal of that very
//! key, by a mechanism that wrapped another.

use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use cryptoki_sys::{
    CK_MECHANISM_TYPE, CKR_ACTION_PROHIBITED, CKR_KEY_FUNCTION_NOT_PERMITTED,
    CKR_KEY_NOT_WRAPPABLE, CKR_MECHANISM_INVALID,
};
use keyferry_core::Reason;

use super::Attributes;
use crate::hsm::error::HsmError;
use crate::hsm::reason::reason;

/// The reason, when `error` is a refusal that the key's own list explains.
pub(super) fn never_wrappable(
    session: &Session,
    key: ObjectHandle,
    needs: &[CK_MECHANISM_TYPE],
    error: &HsmError,
) -> Option<Reason> {
    let refuses = [
        CKR_MECHANISM_INVALID,
        CKR_KEY_FUNCTION_NOT_PERMITTED,
        CKR_KEY_NOT_WRAPPABLE,
        CKR_ACTION_PROHIBITED,
    ]
    .iter()
    .any(|value| error.call().is_some_and(|call| call.is(*value)));
    if !refuses {
        return None;
    }
    let allowed = Attributes::read(session, key, &[AttributeType::AllowedMechanisms])
        .ok()?
        .allowed_mechanisms()?;
    lacks_all(&allowed, needs).then(|| {
        reason(
            "never-wrappable",
            "its list of allowed mechanisms (CKA_ALLOWED_MECHANISMS) names none that wraps, and the token keeps to it",
            "The list is set when a key is made: make a new key without it, with `keyferry keygen`.",
        )
    })
}

fn lacks_all(allowed: &[CK_MECHANISM_TYPE], needs: &[CK_MECHANISM_TYPE]) -> bool {
    !allowed.is_empty() && !needs.iter().any(|needed| allowed.contains(needed))
}

impl Attributes {
    fn allowed_mechanisms(&self) -> Option<Vec<CK_MECHANISM_TYPE>> {
        self.find(|attribute| match attribute {
            Attribute::AllowedMechanisms(types) => Some(types.iter().map(|one| **one).collect()),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::lacks_all;

    #[test]
    fn a_list_explains_a_refusal_when_it_names_no_mechanism_of_the_strategy() {
        assert!(lacks_all(&[0x1], &[0x9, 0x210B]));
        assert!(!lacks_all(&[0x1, 0x210B], &[0x9, 0x210B]));
        assert!(!lacks_all(&[], &[0x9, 0x210B]));
    }
}
