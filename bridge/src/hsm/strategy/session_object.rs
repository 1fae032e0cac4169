//! An object of one session, destroyed as soon as it is out of use.

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;

/// A session object that is destroyed when dropped, so also when a later step fails.
///
/// Should the token refuse to destroy it, the end of its session does (PKCS#11 v3.1 §5.6.2): the
/// sessions that hold such objects are short.
pub(in crate::hsm) struct SessionObject<'session> {
    session: &'session Session,
    handle: ObjectHandle,
}

impl<'session> SessionObject<'session> {
    pub(in crate::hsm) fn new(session: &'session Session, handle: ObjectHandle) -> Self {
        Self { session, handle }
    }

    pub(in crate::hsm) fn handle(&self) -> ObjectHandle {
        self.handle
    }
}

impl Drop for SessionObject<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.session.destroy_object(self.handle) {
            tracing::debug!(%error, "a session object is left to the end of its session");
        }
    }
}
