//! Byte strings of the port as standard base64: a JSON array of numbers is four times the size.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serializer, de};

pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Base64::encode_string(bytes))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Base64::decode_vec(&text).map_err(de::Error::custom)
}

/// The same, where there may be none.
pub(super) mod optional {
    use super::{Base64, Deserialize, Deserializer, Encoding, Serializer, de};

    pub(in crate::hsm) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&Base64::encode_string(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::hsm) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let bytes = text.map(|text| Base64::decode_vec(&text));
        bytes.transpose().map_err(de::Error::custom)
    }
}
