//! An object that a wrap or a self-test needs for a moment.

use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::Session;

use crate::hsm::error::HsmError;
use keyferry_core::to_hex;

/// Begins the `CKA_LABEL` of those that are token objects, so that a person knows them.
const LABEL: &str = "keyferry disposable";

/// An object that is destroyed when dropped, so also when a later step fails.
///
/// Should the token refuse to destroy a session object, the end of its session does (PKCS#11 v3.1
/// §5.6.2). Token objects are looked for afterwards, by [`sweep`].
pub(in crate::hsm) struct Disposable<'session> {
    session: &'session Session,
    handle: ObjectHandle,
}

impl<'session> Disposable<'session> {
    pub(in crate::hsm) fn new(session: &'session Session, handle: ObjectHandle) -> Self {
        Self { session, handle }
    }

    pub(in crate::hsm) fn handle(&self) -> ObjectHandle {
        self.handle
    }
}

impl Drop for Disposable<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.session.destroy_object(self.handle) {
            tracing::warn!(%error, "a disposable object is not destroyed at once");
        }
    }
}

/// A label that no other object has.
pub(in crate::hsm) fn disposable_label() -> Result<String, HsmError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| HsmError::ModuleAnswer {
        why: error.to_string(),
    })?;
    Ok(format!("{LABEL} {}", to_hex(&random)))
}

/// Destroys what is left of the token objects with this label.
///
/// # Errors
/// [`HsmError::DisposableLeft`] when some stay all the same.
pub(in crate::hsm) fn sweep(session: &Session, label: &str) -> Result<(), HsmError> {
    let template = [Attribute::Token(true), Attribute::Label(label.into())];
    let mut left = 0_usize;
    for handle in session.find_objects(&template)? {
        if session.destroy_object(handle).is_err() {
            left += 1;
        }
    }
    if left == 0 {
        return Ok(());
    }
    Err(HsmError::DisposableLeft {
        label: label.to_owned(),
        left,
    })
}
