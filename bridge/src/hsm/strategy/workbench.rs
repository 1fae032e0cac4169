//! Where a wrap is made: the calls, a session, and what the objects of a moment may be.

use std::cell::Cell;

use cryptoki::error::{Error, RvError};
use cryptoki::object::Attribute;
use cryptoki::session::Session;

use crate::hsm::port::DisposableObjects;
use crate::hsm::raw::RawCalls;

/// What every recipe needs.
#[derive(Clone, Copy)]
pub(in crate::hsm) struct Workbench<'token> {
    pub(in crate::hsm) raw: &'token RawCalls,
    pub(in crate::hsm) session: &'token Session,
    pub(in crate::hsm) templates: &'token Templates,
    /// The `CKA_LABEL` of disposable token objects, where they are allowed.
    pub(in crate::hsm) token_objects: Option<&'token str>,
}

/// Which templates the token takes, once it has taken one.
#[derive(Debug, Default)]
pub(in crate::hsm) struct Templates {
    pub(super) kek: Ladder,
    pub(super) wrapping_key: Ladder,
}

/// A template with everything that we would say, and smaller ones for tokens that refuse to be told.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    taken: Cell<usize>,
}

impl Workbench<'_> {
    /// What the objects of a moment may be here.
    pub(in crate::hsm) fn objects(&self) -> DisposableObjects {
        match self.token_objects {
            Some(_) => DisposableObjects::Token,
            None => DisposableObjects::Session,
        }
    }

    /// Each of `wishes`, fullest first, over `core`: as session objects and then, where allowed, as
    /// token objects.
    pub(super) fn rungs(&self, core: &[Attribute], wishes: &[&[Attribute]]) -> Vec<Vec<Attribute>> {
        let identities = [
            Some(vec![Attribute::Token(false)]),
            self.token_objects
                .map(|label| vec![Attribute::Token(true), Attribute::Label(label.into())]),
        ];
        identities
            .iter()
            .flatten()
            .flat_map(|identity| {
                wishes
                    .iter()
                    .map(move |wish| [identity.as_slice(), core, wish].concat())
            })
            .collect()
    }
}

impl Ladder {
    /// Makes an object by the first template that the token takes, and begins there the next time.
    pub(super) fn climb<T>(
        &self,
        rungs: &[Vec<Attribute>],
        make: impl Fn(&[Attribute]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut refused = None;
        for (rung, template) in rungs.iter().enumerate().skip(self.taken.get()) {
            match make(template) {
                Ok(made) => {
                    self.taken.set(rung);
                    return Ok(made);
                }
                Err(error) if refuses_template(&error) => refused = Some(error),
                Err(other) => return Err(other),
            }
        }
        Err(refused.unwrap_or(Error::NotSupported))
    }
}

/// Return values that say "not with these attributes" (PKCS#11 v3.1 §5.1.6).
pub(in crate::hsm) fn refuses_template(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::TemplateInconsistent
                | RvError::TemplateIncomplete
                | RvError::AttributeReadOnly
                | RvError::AttributeTypeInvalid
                | RvError::AttributeValueInvalid
                | RvError::AttributeSensitive
                | RvError::ActionProhibited
                | RvError::FunctionRejected
                | RvError::ArgumentsBad,
            _
        )
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use cryptoki::context::Function;

    use super::*;

    fn refusal(value: RvError) -> Error {
        Error::Pkcs11(value, Function::CreateObject)
    }

    fn rungs() -> Vec<Vec<Attribute>> {
        vec![
            vec![Attribute::Wrap(true), Attribute::Encrypt(false)],
            vec![Attribute::Wrap(true)],
            vec![],
        ]
    }

    #[test]
    fn a_refused_template_makes_way_for_a_smaller_one_which_is_remembered() {
        let ladder = Ladder::default();
        let tried = Cell::new(0);
        let make = |template: &[Attribute]| {
            tried.set(tried.get() + 1);
            match template.len() {
                2 => Err(refusal(RvError::TemplateInconsistent)),
                length => Ok(length),
            }
        };
        assert_eq!(ladder.climb(&rungs(), make).unwrap(), 1);
        assert_eq!(tried.get(), 2);
        assert_eq!(ladder.climb(&rungs(), make).unwrap(), 1);
        assert_eq!(tried.get(), 3, "the first one is not asked for again");
    }

    #[test]
    fn another_failure_is_told_at_once_and_the_last_refusal_at_the_end() {
        let ladder = Ladder::default();
        let error = ladder
            .climb(&rungs(), |_| Err::<(), _>(refusal(RvError::DeviceError)))
            .unwrap_err();
        assert!(matches!(error, Error::Pkcs11(RvError::DeviceError, _)));
        let error = ladder
            .climb(&rungs(), |template| {
                Err::<(), _>(refusal(if template.is_empty() {
                    RvError::TemplateIncomplete
                } else {
                    RvError::TemplateInconsistent
                }))
            })
            .unwrap_err();
        assert!(matches!(
            error,
            Error::Pkcs11(RvError::TemplateIncomplete, _)
        ));
    }
}
