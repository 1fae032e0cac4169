//! The KEK's public half, as an object that the token can wrap with.

use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::Session;

use super::SessionObject;
use crate::hsm::error::HsmError;

/// A KEK's numbers, big-endian without leading zeros.
#[derive(Debug, Clone)]
pub(in crate::hsm) struct KekNumbers {
    pub(in crate::hsm) modulus: Vec<u8>,
    pub(in crate::hsm) exponent: Vec<u8>,
}

impl KekNumbers {
    /// The modulus length: the length of what OAEP under this KEK returns.
    pub(in crate::hsm) fn bytes(&self) -> usize {
        self.modulus.len()
    }

    /// Hands the KEK to the token as a session object that can wrap and do nothing else.
    pub(in crate::hsm) fn import<'session>(
        &self,
        session: &'session Session,
    ) -> Result<SessionObject<'session>, HsmError> {
        let handle = session.create_object(&[
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::KeyType(KeyType::RSA),
            Attribute::Token(false),
            Attribute::Private(false),
            Attribute::Wrap(true),
            Attribute::Encrypt(false),
            Attribute::Verify(false),
            Attribute::Modulus(self.modulus.clone()),
            Attribute::PublicExponent(self.exponent.clone()),
        ])?;
        Ok(SessionObject::new(session, handle))
    }
}
