//! What a token can do, by its own account.

use cryptoki::slot::Slot;
use cryptoki_sys::CK_MECHANISM_INFO;

use crate::hsm::error::HsmError;
use crate::hsm::mechanism::Mechanism;
use crate::hsm::raw::RawCalls;

/// Every mechanism that the token lists, with its flags and sizes. One of which it tells nothing has
/// no flags: some tokens list what they then do not know.
pub(in crate::hsm) fn mechanisms(raw: &RawCalls, slot: Slot) -> Result<Vec<Mechanism>, HsmError> {
    let mut found = Vec::new();
    for number in raw.mechanisms(slot)? {
        match raw.mechanism_info(slot, number) {
            Ok(mechanism) => found.push(mechanism),
            Err(error @ HsmError::Call(_)) => {
                tracing::debug!(number, %error, "a mechanism is listed and not described");
                found.push(Mechanism::new(number, CK_MECHANISM_INFO::default()));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(found)
}
