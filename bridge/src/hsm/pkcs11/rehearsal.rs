//! Keys for a rehearsal: made on the token like any other, and destroyed by the worker that made them.

use cryptoki::object::Attribute;
use cryptoki::session::Session;

use super::keys;
use crate::hsm::error::HsmError;
use crate::hsm::port::Destroyed;
use keyferry_core::to_hex;

/// Begins the `CKA_LABEL` of each, so that a person knows one that had to be left behind.
const LABEL: &str = "keyferry rehearsal";

/// The labels of this worker's rehearsal keys. Each is random and was on no object before, so that
/// whatever bears it was made here.
#[derive(Debug, Default)]
pub(super) struct RehearsalKeys(Vec<String>);

impl RehearsalKeys {
    /// A label for a new key. From now on what bears it is destroyed, also when making the key fails
    /// half way.
    pub(super) fn next_label(&mut self, session: &Session) -> Result<String, HsmError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| HsmError::ModuleAnswer {
            why: error.to_string(),
        })?;
        let label = format!("{LABEL} {}", to_hex(&random));
        if keys::label_is_taken(session, &label)? {
            return Err(HsmError::LabelTaken { label });
        }
        self.0.push(label.clone());
        Ok(label)
    }

    /// True when there is nothing to destroy.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Destroys them; those that could not be are kept in mind.
    pub(super) fn destroy(&mut self, session: &Session) -> Destroyed {
        let mut destroyed = Destroyed::default();
        self.0.retain(|label| match destroy(session, label) {
            Ok(()) => {
                destroyed.gone.push(label.clone());
                false
            }
            Err(error) => {
                destroyed.left.push((label.clone(), error.to_string()));
                true
            }
        });
        destroyed
    }

    /// All of them are left, for one reason.
    pub(super) fn left(&self, why: &HsmError) -> Destroyed {
        let left = self.0.iter().map(|label| (label.clone(), why.to_string()));
        Destroyed {
            gone: Vec::new(),
            left: left.collect(),
        }
    }
}

/// Destroys every token object with this label: the halves of a pair bear the same one.
fn destroy(session: &Session, label: &str) -> Result<(), HsmError> {
    let template = [Attribute::Token(true), Attribute::Label(label.into())];
    let mut refused = None;
    for handle in session.find_objects(&template)? {
        if let Err(error) = session.destroy_object(handle) {
            refused = Some(error);
        }
    }
    match refused {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}
