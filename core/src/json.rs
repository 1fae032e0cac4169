//! JSON read into a tree that knows no duplicates: where a member stands twice, two readers may
//! each see another value, so the whole document is refused.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// A JSON value. Numbers are kept only when they are integers; nothing here reads another.
#[derive(Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    OtherNumber,
    Text(String),
    List(Vec<Json>),
    Object(Object),
}

/// The members of an object.
#[derive(Debug, Default)]
pub(crate) struct Object(BTreeMap<String, Json>);

/// Why a text is not JSON. Positions only: the text itself may hold what must not be echoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonProblem {
    Syntax { line: usize, column: usize },
    Truncated,
    TrailingData,
    DuplicateMember { line: usize, column: usize },
}

impl Json {
    /// Reads one value and nothing after it.
    pub(crate) fn parse(text: &str) -> Result<Self, JsonProblem> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = Self::deserialize(&mut deserializer).map_err(|error| problem(&error))?;
        deserializer.end().map_err(|_| JsonProblem::TrailingData)?;
        Ok(value)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl Object {
    /// The member, unless it is absent or null: the vault's tools write null for what is not there.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.0
            .get(name)
            .filter(|value| !matches!(value, Json::Null))
    }

    /// The member, also when it is null.
    pub(crate) fn get_or_null(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn problem(error: &serde_json::Error) -> JsonProblem {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Eof => JsonProblem::Truncated,
        // The one data error there is: `Json` takes every type, and refuses only a second member.
        serde_json::error::Category::Data => JsonProblem::DuplicateMember { line, column },
        _ => JsonProblem::Syntax { line, column },
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Integer))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = sequence.next_element()? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Json>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Json::Object(Object(members)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_member_that_stands_twice_at_any_depth_and_in_any_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"x":[{"kid":"1","k\u0069d":"2"}]}"#,
            r#"{"a":null,"a":null}"#,
        ] {
            assert!(
                matches!(Json::parse(text), Err(JsonProblem::DuplicateMember { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn tells_truncated_trailing_and_broken_apart() {
        assert_eq!(Json::parse(r#"{"a":"#).unwrap_err(), JsonProblem::Truncated);
        assert_eq!(Json::parse("").unwrap_err(), JsonProblem::Truncated);
        assert_eq!(Json::parse("{} {}").unwrap_err(), JsonProblem::TrailingData);
        assert_eq!(
            Json::parse("{'a':1}").unwrap_err(),
            JsonProblem::Syntax { line: 1, column: 2 }
        );
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        let text = "[".repeat(60_000);
        assert!(matches!(
            Json::parse(&text),
            Err(JsonProblem::Syntax { .. })
        ));
    }

    #[test]
    fn null_reads_as_absent_unless_asked() {
        let Json::Object(object) =
            Json::parse(r#"{"d":null,"n":7,"f":1.5,"big":18446744073709551615}"#).unwrap()
        else {
            unreachable!()
        };
        assert!(object.get("d").is_none());
        assert!(object.get_or_null("d").is_some());
        assert!(matches!(object.get("n"), Some(Json::Integer(7))));
        assert!(matches!(object.get("f"), Some(Json::OtherNumber)));
        assert!(matches!(object.get("big"), Some(Json::OtherNumber)));
    }
}
