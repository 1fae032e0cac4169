//! The sessions of an open token: what shares them, and what becomes of one that is lost.
//!
//! A session that is lost takes its objects along, and every handle that was learned in it; when it was the last,
//! the login too (PKCS#11 v3.1 §5.6.8). So whatever was remembered goes with it.

use cryptoki::session::{Session, SessionState};
use cryptoki_sys::{CKR_SESSION_CLOSED, CKR_SESSION_HANDLE_INVALID};

use super::adapter::OpenToken;
use crate::hsm::error::HsmError;
use crate::hsm::raw::RawCalls;

impl OpenToken {
    /// Reads in the session that listings and wraps share; once more in a new one where it was lost.
    pub(super) fn read<T>(
        &mut self,
        work: impl Fn(&RawCalls, &Session) -> Result<T, HsmError>,
    ) -> Result<T, HsmError> {
        match self.read_once(&work) {
            Err(error) if is_lost_session(&error) => {
                self.renew()?;
                self.read_once(&work)
            }
            outcome => outcome,
        }
    }

    fn read_once<T>(
        &mut self,
        work: impl Fn(&RawCalls, &Session) -> Result<T, HsmError>,
    ) -> Result<T, HsmError> {
        let session = match &mut self.known.session {
            Some(session) => session,
            // Opening one is a round trip to the HSM.
            none => none.insert(self.module.pkcs11.open_ro_session(self.slot)?),
        };
        work(&self.module.raw, session)
    }

    /// Lets go of everything that a lost session may have taken along, and finds out whether the login went
    /// with it.
    ///
    /// # Errors
    /// [`HsmError::NotLoggedIn`]; what opening a session says.
    pub(super) fn renew(&mut self) -> Result<(), HsmError> {
        tracing::info!("a session was lost, and is opened anew");
        self.known.forget_handles();
        self.keep_alive()?;
        if !self.login_made {
            return Ok(());
        }
        match self.first_session.get_session_info()?.session_state() {
            SessionState::RoUser | SessionState::RwUser => Ok(()),
            _ => {
                self.logged_in = false;
                Err(HsmError::NotLoggedIn)
            }
        }
    }

    /// Sees to it that there is the one session which holds the login.
    pub(super) fn keep_alive(&mut self) -> Result<(), HsmError> {
        if self.first_session.get_session_info().is_err() {
            self.first_session = self.module.pkcs11.open_ro_session(self.slot)?;
        }
        Ok(())
    }

    /// The token says that nobody is logged in, although somebody was.
    pub(super) fn login_is_gone(&mut self) {
        self.logged_in = false;
        self.known.forget_handles();
    }
}

fn is_lost_session(error: &HsmError) -> bool {
    let lost = [CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED];
    error
        .call()
        .is_some_and(|call| lost.into_iter().any(|value| call.is(value)))
}
