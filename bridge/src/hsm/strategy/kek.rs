//! The KEK's public half, as an object that the token can wrap with.

use cryptoki::error::Error;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};

use super::{Disposable, Workbench};
use crate::hsm::error::HsmError;

/// A KEK's numbers, big-endian without leading zeros.
#[derive(Debug, Clone)]
pub(in crate::hsm) struct KekNumbers {
    pub(in crate::hsm) modulus: Vec<u8>,
    pub(in crate::hsm) exponent: Vec<u8>,
}

/// A KEK that the token holds for the moment of one wrap, or of several.
pub(in crate::hsm) struct ImportedKek<'session> {
    object: Disposable<'session>,
    bytes: usize,
}

impl ImportedKek<'_> {
    pub(super) fn handle(&self) -> ObjectHandle {
        self.object.handle()
    }

    /// The modulus length: the length of what OAEP under this KEK returns.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl KekNumbers {
    /// The modulus length.
    pub(in crate::hsm) fn bytes(&self) -> usize {
        self.modulus.len()
    }

    /// Hands the KEK to the token as an object that can wrap and, where the token lets us say so, do
    /// nothing else.
    ///
    /// # Errors
    /// [`HsmError::KekRefused`] when the token takes it in no form.
    pub(in crate::hsm) fn import<'session>(
        &self,
        bench: &Workbench<'session>,
    ) -> Result<ImportedKek<'session>, HsmError> {
        let core = [
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::KeyType(KeyType::RSA),
            Attribute::Wrap(true),
            Attribute::Modulus(self.modulus.clone()),
            Attribute::PublicExponent(self.exponent.clone()),
        ];
        let wishes: [&[Attribute]; 3] = [
            &[
                Attribute::Private(false),
                Attribute::Encrypt(false),
                Attribute::Verify(false),
            ],
            &[Attribute::Private(false)],
            &[],
        ];
        bench
            .templates
            .kek
            .climb(&bench.rungs(&core, &wishes), |template| {
                bench.session.create_object(template)
            })
            .map(|handle| ImportedKek {
                object: Disposable::new(bench.session, handle),
                bytes: self.bytes(),
            })
            .map_err(refused)
    }
}

fn refused(error: Error) -> HsmError {
    match HsmError::from(error) {
        HsmError::Call(call) if !call.is_of_the_session() => HsmError::KekRefused { call },
        other => other,
    }
}
