//! Making and opening the embedded token.

use std::path::Path;

use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use super::folder::{StateFolder, TokenFolder, folder_error};
use super::index;
use super::write_lock::WriteLock;
use crate::hsm::error::HsmError;
use crate::hsm::pkcs11::LoadedModule;
use crate::pin::Pin;

/// The token's label: what it is, in every list.
const LABEL: &str = "keyferry-software";
/// Random bytes of a PIN: 128 bits, as 32 hexadecimal digits.
const PIN_BYTES: usize = 16;

/// The embedded token in a state folder.
pub(in crate::hsm) struct EmbeddedToken {
    state: StateFolder,
    folder: TokenFolder,
}

impl EmbeddedToken {
    /// Opens the token in `state`, made first when there is none.
    pub(in crate::hsm) fn open(state: &Path) -> Result<(Self, LoadedModule), HsmError> {
        let state = StateFolder::open(state)?;
        let _lock = state.lock()?;
        let folder = match state.token()? {
            Some(folder) => folder,
            None => make(&state)?,
        };
        index::ensure(&folder.database());
        let module = LoadedModule::embedded(&folder.configure()?)?;
        Ok((Self { state, folder }, module))
    }

    /// The PIN from the file beside the token.
    pub(in crate::hsm) fn pin(&self) -> Result<Pin, HsmError> {
        self.folder.read_pin().map(Pin::new)
    }

    /// The lock under which the token is written to.
    pub(in crate::hsm) fn lock(&self) -> Result<WriteLock, HsmError> {
        self.state.lock()
    }
}

/// Makes the token aside and puts it in place when it is complete.
fn make(state: &StateFolder) -> Result<TokenFolder, HsmError> {
    let making = state.making()?;
    let user_pin = random_pin()?;
    // Before it is used: a token whose PIN nobody knows would be of no use.
    making.write_pin(user_pin.as_bytes())?;
    let module = LoadedModule::embedded(&making.configure()?)?;
    let slot = module
        .pkcs11
        .get_all_slots()?
        .into_iter()
        .next()
        .ok_or(HsmError::TokenAbsent)?;
    // Nobody keeps the security officer's PIN: a forgotten user PIN means a new token.
    let officer_pin = AuthPin::from(random_pin()?.as_str());
    module.pkcs11.init_token(slot, &officer_pin, LABEL)?;
    let session = module.pkcs11.open_rw_session(slot)?;
    session.login(UserType::So, Some(&officer_pin))?;
    session.init_pin(&AuthPin::from(user_pin.as_str()))?;
    session.logout()?;
    session.close()?;
    drop(module);
    state.finish(&making)
}

fn random_pin() -> Result<Zeroizing<String>, HsmError> {
    let mut bytes = Zeroizing::new([0; PIN_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| {
        folder_error(
            Path::new("token"),
            &std::io::Error::other(error.to_string()),
        )
    })?;
    // With its room from the start, so that growing leaves no copy behind.
    let mut pin = Zeroizing::new(String::with_capacity(2 * PIN_BYTES));
    for byte in bytes.iter() {
        for digit in [byte >> 4, byte & 15] {
            pin.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    Ok(pin)
}
