//! Reading many objects of one class, each by as few calls as its token allows.

use cryptoki::object::{AttributeType, KeyType, ObjectHandle};
use cryptoki::session::Session;

use super::Attributes;
use crate::hsm::error::HsmError;
use crate::hsm::raw::RawCalls;

/// Reads the attributes that all objects of a class have, and those of each object's type.
///
/// The latter are known once the type is: asking an AES key for a modulus makes some tokens fail the
/// whole list. Keys of one type mostly stand together, so the type is guessed from the object before,
/// and all is asked for in one call; a wrong guess costs further calls and nothing else.
pub(super) struct Reader<'token> {
    raw: &'token RawCalls,
    session: &'token Session,
    /// With [`AttributeType::KeyType`] among them.
    common: &'static [AttributeType],
    of_type: fn(Option<KeyType>) -> &'static [AttributeType],
    guess: &'static [AttributeType],
}

impl<'token> Reader<'token> {
    pub(super) fn new(
        raw: &'token RawCalls,
        session: &'token Session,
        common: &'static [AttributeType],
        of_type: fn(Option<KeyType>) -> &'static [AttributeType],
    ) -> Self {
        Self {
            raw,
            session,
            common,
            of_type,
            guess: &[],
        }
    }

    pub(super) fn read(&mut self, object: ObjectHandle) -> Result<Attributes, HsmError> {
        let wanted = [self.common, self.guess].concat();
        let shown = match self.raw.attributes(self.session, object, &wanted) {
            Ok(shown) => Attributes::shown(shown),
            // Perhaps only because of what was guessed.
            Err(_) if !self.guess.is_empty() => {
                let shown = self.raw.attributes(self.session, object, self.common)?;
                self.guess = &[];
                Attributes::shown(shown)
            }
            Err(error) => return Err(error),
        };
        let (mut attributes, answer) = shown;
        attributes.fill(self.session, object, self.common, answer)?;
        let of_type = (self.of_type)(attributes.key_type());
        if of_type == self.guess {
            attributes.fill(self.session, object, of_type, answer)?;
        } else {
            attributes.add(Attributes::read_at_once(
                self.raw,
                self.session,
                object,
                of_type,
            )?);
            self.guess = of_type;
        }
        Ok(attributes)
    }
}
