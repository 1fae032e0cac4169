//! Logging in. A PIN is tried once: each wrong try brings the token nearer to being locked.

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use secrecy::SecretBox;

use super::token::pin_state;
use crate::hsm::error::HsmError;
use crate::hsm::port::{FinalTry, LoginProof, PinState};
use crate::pin::Pin;

/// Logs the user in on `session`; without a PIN, at the token's own PIN pad. Says what that shows of the PIN.
pub(super) fn login(
    pkcs11: &Pkcs11,
    slot: Slot,
    session: &Session,
    pin: Option<&Pin>,
    final_try: FinalTry,
) -> Result<LoginProof, HsmError> {
    let token = pkcs11.get_token_info(slot)?;
    if !token.login_required() {
        return Ok(LoginProof::NotNeeded);
    }
    if !token.user_pin_initialized() {
        return Err(HsmError::PinNotSet);
    }
    match pin_state(&token) {
        PinState::Locked => return Err(HsmError::PinLocked),
        PinState::FinalTry if final_try == FinalTry::Refuse => return Err(HsmError::PinFinalTry),
        PinState::Ok | PinState::CountLow | PinState::FinalTry => {}
    }
    let outcome = match pin {
        Some(pin) if pin.is_empty() => return Err(HsmError::PinNeeded),
        // EXPOSE: C_Login takes the PIN; the copy is wiped when its box is dropped.
        Some(pin) => session.login_with_raw(
            UserType::User,
            &SecretBox::new(Box::new(pin.expose().to_vec())),
        ),
        None if token.protected_authentication_path() => session.login(UserType::User, None),
        None => return Err(HsmError::PinNeeded),
    };
    match outcome {
        Ok(()) => Ok(LoginProof::Taken),
        // Login is per process, so this is a success; what it shows of this PIN is nothing.
        Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(LoginProof::AlreadyLoggedIn),
        Err(Error::Pkcs11(
            RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange,
            _,
        )) => {
            let now = pkcs11
                .get_token_info(slot)
                .map_or(PinState::Ok, |token| pin_state(&token));
            Err(HsmError::PinWrong {
                final_try_next: now == PinState::FinalTry,
            })
        }
        Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(HsmError::PinLocked),
        Err(Error::Pkcs11(RvError::UserPinNotInitialized, _)) => Err(HsmError::PinNotSet),
        Err(other) => Err(other.into()),
    }
}
