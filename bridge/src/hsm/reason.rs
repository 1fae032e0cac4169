//! What PKCS#11's return values say about a key that does not travel.

use cryptoki_sys::{
    CKR_ACTION_PROHIBITED, CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_KEY_NOT_WRAPPABLE,
    CKR_KEY_SIZE_RANGE, CKR_KEY_UNEXTRACTABLE, CKR_MECHANISM_PARAM_INVALID, CKR_SESSION_COUNT,
    CKR_USER_NOT_LOGGED_IN, CKR_WRAPPING_KEY_SIZE_RANGE,
};
use keyferry_core::Reason;

use super::error::Call;

/// A reason from its parts.
pub(crate) fn reason(code: &str, message: impl Into<String>, advice: impl Into<String>) -> Reason {
    Reason {
        code: code.to_owned(),
        message: message.into(),
        advice: advice.into(),
    }
}

impl Call {
    /// The reason that the return value names, where it names one (PKCS#11 v3.1 §5.1). A vendor's
    /// own values mean something only beside the vendor's profile.
    pub fn reason(&self) -> Option<Reason> {
        let of_wrap = self.function == "C_WrapKey";
        if self.is(CKR_SESSION_COUNT) {
            return Some(reason(
                "session-limit",
                "the token has no session left",
                "End other programs that use the token, or have its limit of sessions raised.",
            ));
        }
        if self.is(CKR_USER_NOT_LOGGED_IN) {
            return Some(reason(
                "not-logged-in",
                "nobody is logged in to the token",
                "Unlock the token first.",
            ));
        }
        if self.function == "C_CreateObject" {
            return Some(reason(
                "kek-import-refused",
                "the token takes no KEK",
                "Let the token's user import public RSA keys that may wrap (CKA_WRAP), or ask the vendor how.",
            ));
        }
        if !of_wrap {
            return None;
        }
        let value = |values: &[cryptoki_sys::CK_RV]| values.iter().any(|value| self.is(*value));
        if value(&[CKR_KEY_UNEXTRACTABLE]) {
            return Some(reason(
                "not-extractable",
                "the token does not let keys out, not even wrapped",
                "Where the key itself is extractable, a policy of the token forbids the export: have it changed, or make the key where it may leave.",
            ));
        }
        if value(&[
            CKR_KEY_NOT_WRAPPABLE,
            CKR_KEY_FUNCTION_NOT_PERMITTED,
            CKR_ACTION_PROHIBITED,
        ]) {
            return Some(reason(
                "never-wrappable",
                "the token does not wrap keys of this kind or with these attributes",
                "Its vendor's documentation says which keys may be wrapped; another kind, or a new key made for export, may do.",
            ));
        }
        if value(&[CKR_MECHANISM_PARAM_INVALID]) {
            return Some(reason(
                "oaep-sha1-refused",
                "the token refuses OAEP with SHA-1, the only form that Azure opens",
                "A FIPS mode or policy that forbids SHA-1 in OAEP has to allow it for key transport, or the key cannot go to Azure from here.",
            ));
        }
        if value(&[CKR_KEY_SIZE_RANGE]) {
            return Some(reason(
                "key-size-refused",
                "the token does not wrap keys of this size",
                "Newer firmware may; or use a smaller key.",
            ));
        }
        if value(&[CKR_WRAPPING_KEY_SIZE_RANGE]) {
            return Some(reason(
                "kek-size-refused",
                "the token does not wrap under a KEK of this size",
                "Use a KEK of another size: Azure has 2048, 3072 and 4096 bits.",
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_return_value_is_told_as_what_it_means_for_the_key() {
        for (function, value, code) in [
            ("C_OpenSession", 0xB1, Some("session-limit")),
            ("C_GenerateKey", 0x101, Some("not-logged-in")),
            ("C_WrapKey", 0x6A, Some("not-extractable")),
            ("C_WrapKey", 0x69, Some("never-wrappable")),
            ("C_WrapKey", 0x68, Some("never-wrappable")),
            ("C_WrapKey", 0x71, Some("oaep-sha1-refused")),
            ("C_WrapKey", 0x62, Some("key-size-refused")),
            ("C_WrapKey", 0x114, Some("kek-size-refused")),
            ("C_GenerateKey", 0x71, None),
            ("C_WrapKey", 0x5, None),
            ("C_WrapKey", 0x8000_007D, None),
        ] {
            let reason = Call::of_value(function, value).reason();
            assert_eq!(
                reason.map(|reason| reason.code).as_deref(),
                code,
                "{function} {value:X}"
            );
        }
    }
}
