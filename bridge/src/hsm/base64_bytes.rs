//! Byte strings of the port as standard base64: a JSON array of numbers is four times the size. None is a secret.

use keyferry_core::{from_base64, to_base64};
use serde::{Deserialize, Deserializer, Serializer, de};

pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_base64(bytes))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    read(&String::deserialize(deserializer)?)
}

/// The same, where there may be none.
pub(super) mod optional {
    use super::{Deserialize, Deserializer, Serializer, read, to_base64};

    pub(in crate::hsm) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&to_base64(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::hsm) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| read(&text)).transpose()
    }
}

fn read<E: de::Error>(text: &str) -> Result<Vec<u8>, E> {
    from_base64(text).ok_or_else(|| E::custom("base64 was expected"))
}
