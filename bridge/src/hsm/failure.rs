//! Failures of `cryptoki`, told as the call and the return value that PKCS#11 names.

use cryptoki::error::{Error, Rv, RvError};
use cryptoki_sys::{
    CK_RV, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_DEVICE_REMOVED,
    CKR_GENERAL_ERROR, CKR_HOST_MEMORY, CKR_MECHANISM_PARAM_INVALID, CKR_SESSION_CLOSED,
    CKR_SESSION_COUNT, CKR_SESSION_HANDLE_INVALID, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED,
    CKR_USER_NOT_LOGGED_IN,
};

use super::error::{Call, HsmError};

/// Return values above this are the vendors' (PKCS#11 v3.1 §3.6); the standard's are all below 0x300.
const STANDARD_VALUES: std::ops::Range<u64> = 1..0x300;

impl Call {
    /// A call that returned `value`.
    pub(super) fn of_value(function: &str, value: u64) -> Self {
        #[allow(
            clippy::useless_conversion,
            reason = "CK_RV is 32 bits wide on some targets"
        )]
        let name = match CK_RV::try_from(value).map(Rv::from) {
            Ok(Rv::Error(error)) => name_of(error),
            Ok(Rv::Ok) => "CKR_OK".into(),
            Err(_) => "an unknown value".into(),
        };
        Self {
            function: function.into(),
            name,
            value,
        }
    }

    /// Whether it returned this value.
    pub(super) fn is(&self, value: CK_RV) -> bool {
        #[allow(
            clippy::useless_conversion,
            reason = "CK_RV is 32 bits wide on some targets"
        )]
        let value = u64::from(value);
        self.value == value
    }

    /// Whether it failed for want of a session, a login or a working device: any other call would
    /// have failed too.
    pub(crate) fn is_of_the_session(&self) -> bool {
        [
            CKR_HOST_MEMORY,
            CKR_DEVICE_ERROR,
            CKR_DEVICE_MEMORY,
            CKR_DEVICE_REMOVED,
            CKR_SESSION_CLOSED,
            CKR_SESSION_COUNT,
            CKR_SESSION_HANDLE_INVALID,
            CKR_TOKEN_NOT_PRESENT,
            CKR_USER_NOT_LOGGED_IN,
            CKR_CRYPTOKI_NOT_INITIALIZED,
        ]
        .into_iter()
        .any(|value| self.is(value))
    }

    /// Whether nothing will work any more in the process where it failed: the device, the token or the
    /// module is gone. Some vendors recover after C_Finalize and C_Initialize, some in a new process alone.
    fn is_of_the_process(&self) -> bool {
        [
            CKR_GENERAL_ERROR,
            CKR_DEVICE_ERROR,
            CKR_DEVICE_REMOVED,
            CKR_TOKEN_NOT_PRESENT,
            CKR_TOKEN_NOT_RECOGNIZED,
            CKR_SESSION_CLOSED,
            CKR_SESSION_HANDLE_INVALID,
            CKR_CRYPTOKI_NOT_INITIALIZED,
        ]
        .into_iter()
        .any(|value| self.is(value))
    }

    fn of_error(function: &str, error: RvError) -> Self {
        Self {
            function: function.into(),
            name: name_of(error),
            value: value_of(error),
        }
    }
}

impl HsmError {
    /// Whether a new worker should take over: this one's sessions, token or module are of no more use.
    pub(super) fn wears_out(&self) -> bool {
        match self {
            Self::TokenReplaced => true,
            Self::Explained { error, .. } => error.wears_out(),
            other => other.call().is_some_and(Call::is_of_the_process),
        }
    }

    /// The failure of a wrap under the KEK. The mechanism was listed: a token that refuses its
    /// parameter refuses the hash.
    pub(super) fn of_oaep(error: Self) -> Self {
        match error {
            Self::Call(call) if call.is(CKR_MECHANISM_PARAM_INVALID) => Self::OaepRefused { call },
            other => other,
        }
    }

    /// The PKCS#11 call that said no, when one did.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call)
            | Self::KekRefused { call }
            | Self::OaepRefused { call }
            | Self::KindUnsupported { call, .. }
            | Self::ModuleInitialize { call } => Some(call),
            _ => None,
        }
    }
}

impl From<Error> for HsmError {
    fn from(error: Error) -> Self {
        match error {
            Error::Pkcs11(RvError::PinExpired, _) => Self::PinToBeChanged,
            Error::Pkcs11(RvError::UserNotLoggedIn, _) => Self::NotLoggedIn,
            Error::Pkcs11(value, function) => {
                Self::Call(Call::of_error(&format!("C_{function:?}"), value))
            }
            other => Self::ModuleAnswer {
                why: other.to_string(),
            },
        }
    }
}

/// `PinIncorrect` is `CKR_PIN_INCORRECT`: the crate's names are the standard's in another case.
fn name_of(error: RvError) -> String {
    match error {
        RvError::VendorDefined(_) => return "CKR_VENDOR_DEFINED".into(),
        RvError::UnknownErrorCode(_) => return "an unknown value".into(),
        _ => {}
    }
    let mut name = String::from("CKR");
    for character in format!("{error:?}").chars() {
        if character.is_uppercase() {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}

/// The crate keeps the number only of unknown values, so the known ones are found by trying.
fn value_of(error: RvError) -> u64 {
    #[allow(
        clippy::useless_conversion,
        reason = "CK_RV is 32 bits wide on some targets"
    )]
    match error {
        RvError::VendorDefined(value) | RvError::UnknownErrorCode(value) => value.into(),
        known => STANDARD_VALUES
            .into_iter()
            .find(|value| {
                CK_RV::try_from(*value).is_ok_and(|value| Rv::from(value) == Rv::Error(known))
            })
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn names_call_and_value_as_the_standard_does() {
        let error: HsmError = Error::Pkcs11(RvError::KeyUnextractable, Function::WrapKey).into();
        assert_eq!(
            error.to_string(),
            "C_WrapKey returned CKR_KEY_UNEXTRACTABLE (0x6A)"
        );
        let error: HsmError = Error::Pkcs11(RvError::PinIncorrect, Function::Login).into();
        assert_eq!(
            error.to_string(),
            "C_Login returned CKR_PIN_INCORRECT (0xA0)"
        );
        let error: HsmError = Error::Pkcs11(RvError::FunctionRejected, Function::Sign).into();
        assert_eq!(
            error.to_string(),
            "C_Sign returned CKR_FUNCTION_REJECTED (0x200)"
        );
    }

    #[test]
    fn keeps_the_number_of_a_vendors_value() {
        assert_eq!(
            Call::of_value("C_WrapKey", 0x8000_0042).to_string(),
            "C_WrapKey returned CKR_VENDOR_DEFINED (0x80000042)"
        );
        assert_eq!(
            Call::of_value("C_WrapKey", 0x150).name,
            "CKR_BUFFER_TOO_SMALL"
        );
        assert_eq!(Call::of_value("C_WrapKey", 0x299).name, "an unknown value");
    }
}
