//! Reading an object's attributes from tokens that each have their own gaps.

use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectHandle};
use cryptoki::session::Session;

use crate::hsm::error::HsmError;
use crate::hsm::raw::{RawCalls, Shown, ShownAnswer};

/// The attributes that an object has, of those asked for.
pub(in crate::hsm) struct Attributes(Vec<Attribute>);

impl Attributes {
    /// Reads `types` of an object. An attribute that the token does not have, or that holds a value
    /// which `cryptoki` cannot read, is left out; only a failing call is an error.
    pub(in crate::hsm) fn read(
        session: &Session,
        object: ObjectHandle,
        types: &[AttributeType],
    ) -> Result<Self, HsmError> {
        match session.get_attributes(object, types) {
            Ok(attributes) => return Ok(Self(attributes)),
            Err(error @ Error::Pkcs11(..)) => return Err(error.into()),
            // One unreadable value fails the whole list: ask for each alone.
            Err(_) => {}
        }
        let mut readable = Vec::new();
        for attribute in types {
            match session.get_attributes(object, &[*attribute]) {
                Ok(values) => readable.extend(values),
                Err(error @ Error::Pkcs11(..)) => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(Self(readable))
    }

    /// The same by one call, unless the token says that something was too long or is not there.
    pub(in crate::hsm) fn read_at_once(
        raw: &RawCalls,
        session: &Session,
        object: ObjectHandle,
        types: &[AttributeType],
    ) -> Result<Self, HsmError> {
        let (mut attributes, answer) = Self::shown(raw.attributes(session, object, types)?);
        attributes.fill(session, object, types, answer)?;
        Ok(attributes)
    }

    /// What one call showed.
    pub(super) fn shown(shown: Shown) -> (Self, ShownAnswer) {
        (Self(shown.attributes), shown.answer)
    }

    /// Asks again for those of `types` that are not there, unless `answer` was that all were: first
    /// for their lengths, since a value that was too long for its room looks like none.
    pub(super) fn fill(
        &mut self,
        session: &Session,
        object: ObjectHandle,
        types: &[AttributeType],
        answer: ShownAnswer,
    ) -> Result<(), HsmError> {
        if answer == ShownAnswer::Full {
            return Ok(());
        }
        let lacking: Vec<AttributeType> = types
            .iter()
            .filter(|kind| kind.fixed_size().is_none() && !self.has(**kind))
            .copied()
            .collect();
        if !lacking.is_empty() {
            self.add(Self::read(session, object, &lacking)?);
        }
        Ok(())
    }

    /// Takes up what else was read of the same object.
    pub(super) fn add(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    fn has(&self, kind: AttributeType) -> bool {
        self.0.iter().any(|one| one.attribute_type() == kind)
    }

    /// `CKA_LABEL`; empty when there is none.
    pub(in crate::hsm) fn label(&self) -> String {
        self.find(|attribute| match attribute {
            Attribute::Label(bytes) => Some(
                String::from_utf8_lossy(bytes)
                    .trim_end_matches('\0')
                    .to_owned(),
            ),
            _ => None,
        })
        .unwrap_or_default()
    }

    /// `CKA_ID`; empty when there is none.
    pub(in crate::hsm) fn id(&self) -> Vec<u8> {
        self.bytes(|attribute| match attribute {
            Attribute::Id(bytes) => Some(bytes),
            _ => None,
        })
        .unwrap_or_default()
    }

    /// `CKA_KEY_TYPE`.
    pub(in crate::hsm) fn key_type(&self) -> Option<KeyType> {
        self.find(|attribute| match attribute {
            Attribute::KeyType(key_type) => Some(*key_type),
            _ => None,
        })
    }

    /// `CKA_EXTRACTABLE`.
    pub(in crate::hsm) fn extractable(&self) -> Option<bool> {
        self.find(|attribute| match attribute {
            Attribute::Extractable(value) => Some(*value),
            _ => None,
        })
    }

    /// `CKA_WRAP_WITH_TRUSTED`.
    pub(in crate::hsm) fn wrap_with_trusted(&self) -> Option<bool> {
        self.find(|attribute| match attribute {
            Attribute::WrapWithTrusted(value) => Some(*value),
            _ => None,
        })
    }

    /// `CKA_VALUE_LEN`, in bytes.
    pub(in crate::hsm) fn value_len(&self) -> Option<u64> {
        self.find(|attribute| match attribute {
            // By way of usize, which the type converts to on every platform; a C long of Windows has 32 bits.
            Attribute::ValueLen(length) => u64::try_from(usize::from(*length)).ok(),
            _ => None,
        })
    }

    /// `CKA_MODULUS`, without leading zeros; none when empty.
    pub(in crate::hsm) fn modulus(&self) -> Option<Vec<u8>> {
        self.bytes(|attribute| match attribute {
            Attribute::Modulus(bytes) => Some(bytes),
            _ => None,
        })
        .and_then(without_leading_zeros)
    }

    /// `CKA_PUBLIC_EXPONENT`, without leading zeros; none when empty.
    pub(in crate::hsm) fn public_exponent(&self) -> Option<Vec<u8>> {
        self.bytes(|attribute| match attribute {
            Attribute::PublicExponent(bytes) => Some(bytes),
            _ => None,
        })
        .and_then(without_leading_zeros)
    }

    /// `CKA_EC_PARAMS`, DER.
    pub(in crate::hsm) fn ec_params(&self) -> Option<Vec<u8>> {
        self.bytes(|attribute| match attribute {
            Attribute::EcParams(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// `CKA_EC_POINT`, as the token has it: a DER octet string, or the bare point.
    pub(in crate::hsm) fn ec_point(&self) -> Option<Vec<u8>> {
        self.bytes(|attribute| match attribute {
            Attribute::EcPoint(bytes) => Some(bytes),
            _ => None,
        })
    }

    fn bytes(&self, select: impl Fn(&Attribute) -> Option<&Vec<u8>>) -> Option<Vec<u8>> {
        self.0.iter().find_map(select).cloned()
    }

    pub(super) fn find<T>(&self, select: impl Fn(&Attribute) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(select)
    }
}

fn without_leading_zeros(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let first = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(first..).map(<[u8]>::to_vec)
}
