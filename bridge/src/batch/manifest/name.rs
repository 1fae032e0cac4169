//! The name that a key gets: as written, or made from the key.

use std::fmt;

use keyferry_core::{Error, KeyInfo, KeyName};

/// A name with places for what a key is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameTemplate(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Literal(&'a str),
    /// `{label}`: the label as it is.
    Label,
    /// `{name}`: the label with a hyphen for each character that a vault does not take.
    Name,
    /// `{id}`: the id's hexadecimal digits.
    Id,
    /// `{kind}`: such as `P-256`.
    Kind,
}

impl NameTemplate {
    /// Reads a name.
    ///
    /// # Errors
    /// What is wrong with it: an unknown place, or a brace alone.
    pub fn parse(text: &str) -> Result<Self, String> {
        Parts(text).try_for_each(|part| part.map(drop))?;
        Ok(Self(text.to_owned()))
    }

    /// The label as it is.
    #[must_use]
    pub fn label() -> Self {
        Self("{label}".to_owned())
    }

    /// The name, when it is the same for every key.
    #[must_use]
    pub fn fixed(&self) -> Option<&str> {
        (!self.0.contains('{')).then_some(&self.0)
    }

    /// The name of one key. Only `{name}` changes anything, and says so; what no vault takes is refused.
    ///
    /// # Errors
    /// [`Error::Kid`] with core's rule for names.
    pub fn of(&self, key: &KeyInfo) -> Result<KeyName, Error> {
        let mut text = String::new();
        for part in Parts(&self.0).flatten() {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Label => text.push_str(&key.label),
                Part::Name => text.push_str(KeyName::from_label(&key.label).as_str()),
                Part::Id => text.push_str(&key.id),
                Part::Kind => text.push_str(&key.kind),
            }
        }
        KeyName::parse(&text)
    }
}

/// The parts of a name, up to the first that is wrong.
struct Parts<'a>(&'a str);

impl<'a> Iterator for Parts<'a> {
    type Item = Result<Part<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = std::mem::take(&mut self.0);
        let Some(begin) = text.find('{') else {
            return (!text.is_empty()).then(|| literal(text));
        };
        if begin > 0 {
            let (before, place) = text.split_at(begin);
            self.0 = place;
            return Some(literal(before));
        }
        let place = text.strip_prefix('{').unwrap_or(text);
        Some(match place.split_once('}') {
            None => Err("a brace is not closed".to_owned()),
            Some((named, after)) => {
                self.0 = after;
                part(named)
            }
        })
    }
}

fn part(named: &str) -> Result<Part<'_>, String> {
    match named {
        "label" => Ok(Part::Label),
        "name" => Ok(Part::Name),
        "id" => Ok(Part::Id),
        "kind" => Ok(Part::Kind),
        other => Err(format!("{{{}}} is unknown", keyferry_core::visible(other))),
    }
}

fn literal(text: &str) -> Result<Part<'_>, String> {
    if text.contains('}') {
        Err("a brace is not opened".to_owned())
    } else {
        Ok(Part::Literal(text))
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}
