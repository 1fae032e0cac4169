//! The name that a key gets: as written, or made from the key.

use std::fmt;

use keyferry_core::{Error, KeyInfo, KeyName};

/// A name with places for what a key is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameTemplate {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Literal(String),
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
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let Some((literal, after)) = rest.split_once('{') else {
                parts.push(literal_part(rest)?);
                break;
            };
            if !literal.is_empty() {
                parts.push(literal_part(literal)?);
            }
            let (place, after) = after
                .split_once('}')
                .ok_or_else(|| "a brace is not closed".to_owned())?;
            parts.push(match place {
                "label" => Part::Label,
                "name" => Part::Name,
                "id" => Part::Id,
                "kind" => Part::Kind,
                other => return Err(format!("{{{}}} is unknown", keyferry_core::visible(other))),
            });
            rest = after;
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// The label as it is.
    #[must_use]
    pub fn label() -> Self {
        Self {
            text: "{label}".to_owned(),
            parts: vec![Part::Label],
        }
    }

    /// The name, when it is the same for every key.
    #[must_use]
    pub fn fixed(&self) -> Option<&str> {
        let literal = |part: &Part| matches!(part, Part::Literal(_));
        self.parts.iter().all(literal).then_some(&self.text)
    }

    /// The name of one key. Only `{name}` changes anything, and says so; what no vault takes is refused.
    ///
    /// # Errors
    /// [`Error::Kid`] with core's rule for names.
    pub fn of(&self, key: &KeyInfo) -> Result<KeyName, Error> {
        let text: String = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.clone(),
                Part::Label => key.label.clone(),
                Part::Name => KeyName::from_label(&key.label).as_str().to_owned(),
                Part::Id => key.id.clone(),
                Part::Kind => key.kind.clone(),
            })
            .collect();
        KeyName::parse(&text)
    }
}

fn literal_part(text: &str) -> Result<Part, String> {
    if text.contains('}') {
        Err("a brace is not opened".to_owned())
    } else {
        Ok(Part::Literal(text.to_owned()))
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}
