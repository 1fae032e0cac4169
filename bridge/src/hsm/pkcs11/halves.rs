//! Public key objects, and to which private key each belongs.

use std::collections::HashMap;
use std::hash::Hash;

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::session::Session;
use cryptoki_sys::CK_KEY_TYPE;

use super::kind::KeyKind;
use super::public::spki_of_attributes;
use super::reader::Reader;
use crate::hsm::error::HsmError;
use crate::hsm::raw::RawCalls;

/// A public key object: where an EC key's point stands.
pub(super) struct PublicHalf {
    pub(super) kind: KeyKind,
    pub(super) spki: Vec<u8>,
}

/// The public key objects of a token that show a key.
#[derive(Default)]
pub(super) struct PublicHalves {
    halves: Vec<PublicHalf>,
    by_id: Places<Vec<u8>>,
    by_label: Places<String>,
}

/// Where the only half of a type with this name stands; none where several have it.
type Places<Name> = HashMap<(CK_KEY_TYPE, Name), Option<usize>>;

const COMMON: &[AttributeType] = &[
    AttributeType::KeyType,
    AttributeType::Label,
    AttributeType::Id,
];

fn of_type(key_type: Option<KeyType>) -> &'static [AttributeType] {
    match key_type {
        Some(KeyType::RSA) => &[AttributeType::Modulus, AttributeType::PublicExponent],
        Some(KeyType::EC) => &[AttributeType::EcParams, AttributeType::EcPoint],
        _ => &[],
    }
}

impl PublicHalves {
    /// Those of the whole token.
    pub(super) fn of_token(raw: &RawCalls, session: &Session) -> Result<Self, HsmError> {
        Self::of_objects(raw, session, &[])
    }

    /// Those that could be the half of a key with this id or, where it has none, this label.
    pub(super) fn of_key(
        raw: &RawCalls,
        session: &Session,
        id: &[u8],
        label: &str,
    ) -> Result<Self, HsmError> {
        let name = match id {
            [] => Attribute::Label(label.into()),
            id => Attribute::Id(id.to_vec()),
        };
        Self::of_objects(raw, session, &[name])
    }

    /// The half of a private key: the only one of its type with the same id or, where the key has no
    /// id, with the same label.
    pub(super) fn of(&self, key_type: KeyType, id: &[u8], label: &str) -> Option<&PublicHalf> {
        let place = match id {
            [] => self.by_label.get(&(key_type.into(), label.to_owned())),
            id => self.by_id.get(&(key_type.into(), id.to_vec())),
        };
        place
            .copied()
            .flatten()
            .and_then(|place| self.halves.get(place))
    }

    fn of_objects(
        raw: &RawCalls,
        session: &Session,
        further: &[Attribute],
    ) -> Result<Self, HsmError> {
        let class = [
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::Token(true),
        ];
        let mut reader = Reader::new(raw, session, COMMON, of_type);
        let mut found = Self::default();
        for handle in raw.find(session, &[&class, further].concat())? {
            let attributes = reader.read(handle)?;
            if let (Some(key_type), Some(spki)) =
                (attributes.key_type(), spki_of_attributes(&attributes))
            {
                let half = PublicHalf {
                    kind: KeyKind::of(&attributes),
                    spki,
                };
                found.add(key_type, attributes.id(), attributes.label(), half);
            }
        }
        Ok(found)
    }

    fn add(&mut self, key_type: KeyType, id: Vec<u8>, label: String, half: PublicHalf) {
        let place = self.halves.len();
        self.halves.push(half);
        name(&mut self.by_id, (key_type.into(), id), place);
        name(&mut self.by_label, (key_type.into(), label), place);
    }
}

/// A second half of the same name leaves neither.
fn name<Name: Eq + Hash>(places: &mut Places<Name>, name: (CK_KEY_TYPE, Name), place: usize) {
    places
        .entry(name)
        .and_modify(|place| *place = None)
        .or_insert(Some(place));
}

#[cfg(test)]
mod tests {
    use keyferry_core::TargetKind;

    use super::*;

    fn halves(named: &[(KeyType, &[u8], &str)]) -> PublicHalves {
        let mut halves = PublicHalves::default();
        for (number, (key_type, id, label)) in named.iter().enumerate() {
            let half = PublicHalf {
                kind: KeyKind::Target(TargetKind::P256),
                spki: vec![u8::try_from(number).unwrap_or(u8::MAX)],
            };
            halves.add(*key_type, id.to_vec(), (*label).to_owned(), half);
        }
        halves
    }

    fn found(halves: &PublicHalves, id: &[u8], label: &str) -> Option<u8> {
        let half = halves.of(KeyType::EC, id, label)?;
        half.spki.first().copied()
    }

    #[test]
    fn a_half_belongs_to_the_key_with_its_id_whatever_their_labels() {
        let halves = halves(&[
            (KeyType::EC, b"1", "one"),
            (KeyType::EC, b"2", "one"),
            (KeyType::RSA, b"3", "three"),
        ]);
        assert_eq!(found(&halves, b"1", "another"), Some(0));
        assert_eq!(found(&halves, b"2", "one"), Some(1));
        assert_eq!(found(&halves, b"3", "three"), None, "of another type");
        assert_eq!(found(&halves, b"4", "one"), None);
    }

    #[test]
    fn a_key_without_id_goes_by_its_label() {
        let halves = halves(&[(KeyType::EC, b"1", "one"), (KeyType::EC, b"", "two")]);
        assert_eq!(found(&halves, b"", "one"), Some(0));
        assert_eq!(found(&halves, b"", "two"), Some(1));
    }

    #[test]
    fn of_several_halves_with_one_name_none_is_taken() {
        let halves = halves(&[
            (KeyType::EC, b"1", "one"),
            (KeyType::EC, b"1", "two"),
            (KeyType::EC, b"1", "two"),
        ]);
        assert_eq!(found(&halves, b"1", "one"), None);
        assert_eq!(found(&halves, b"", "two"), None);
        assert_eq!(found(&halves, b"", "one"), Some(0));
    }
}
