//! Members of a line, read as what they mean.

use std::collections::BTreeMap;

use keyferry_core::visible;

use super::problem::Problems;
use super::raw::{RawLine, RawValue};

/// A line with the defaults behind it.
#[derive(Clone, Copy)]
pub(super) struct Members<'a> {
    pub(super) own: &'a RawLine,
    pub(super) defaults: &'a RawLine,
}

impl<'a> Members<'a> {
    pub(super) fn line(self) -> u32 {
        self.own.line
    }

    fn of(self, name: &str) -> Option<&'a RawValue> {
        self.own.of(name).or_else(|| self.defaults.of(name))
    }

    /// A text that is not empty.
    pub(super) fn text(self, name: &str, problems: &mut Problems) -> Option<&'a str> {
        match self.of(name)? {
            RawValue::Text(text) if !text.is_empty() => Some(text),
            RawValue::Text(_) => {
                problems.add(
                    self.line(),
                    "manifest-value",
                    format!("{name} is empty"),
                    "Write something, or leave it away.",
                );
                None
            }
            _ => self.wrong(name, "a text in quotes", problems),
        }
    }

    /// Words: a list in TOML, separated by spaces, semicolons or commas in a cell.
    pub(super) fn words(self, name: &str, problems: &mut Problems) -> Option<Vec<String>> {
        match self.of(name)? {
            RawValue::List(words) => Some(words.clone()),
            RawValue::Text(text) => Some(
                text.split([' ', ';', ','])
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ),
            _ => self.wrong(name, "a list of words", problems),
        }
    }

    /// Pairs: a table in TOML, `NAME=VALUE;NAME=VALUE` in a cell.
    pub(super) fn pairs(
        self,
        name: &str,
        problems: &mut Problems,
    ) -> Option<BTreeMap<String, String>> {
        let pairs: Vec<(String, String)> = match self.of(name)? {
            RawValue::Map(pairs) => pairs.clone(),
            RawValue::Text(text) => {
                let split = text
                    .split(';')
                    .filter(|pair| !pair.trim().is_empty())
                    .map(|pair| pair.split_once('='))
                    .map(|pair| pair.map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned())));
                match split.collect::<Option<Vec<_>>>() {
                    Some(pairs) => pairs,
                    None => return self.wrong(name, "NAME=VALUE;NAME=VALUE", problems),
                }
            }
            _ => return self.wrong(name, "a table of texts", problems),
        };
        let count = pairs.len();
        let map: BTreeMap<_, _> = pairs.into_iter().collect();
        if map.len() != count {
            problems.add(
                self.line(),
                "manifest-value",
                format!("a name is twice in {name}"),
                "Leave one away.",
            );
        }
        Some(map)
    }

    /// `true` or `false`.
    pub(super) fn flag(self, name: &str, problems: &mut Problems) -> Option<bool> {
        match self.of(name)? {
            RawValue::Flag(flag) => Some(*flag),
            RawValue::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            RawValue::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => self.wrong(name, "true or false", problems),
        }
    }

    /// Seconds since 1970.
    pub(super) fn moment(self, name: &str, problems: &mut Problems) -> Option<i64> {
        match self.of(name)? {
            RawValue::Text(text) => match crate::moment::seconds(text) {
                Ok(seconds) => Some(seconds),
                Err(form) => {
                    problems.add(
                        self.line(),
                        "manifest-value",
                        format!("{name} is {:?}, which is no time", visible(text)),
                        format!("{}.", capital(&form)),
                    );
                    None
                }
            },
            _ => self.wrong(name, "a time", problems),
        }
    }

    fn wrong<T>(self, name: &str, what: &str, problems: &mut Problems) -> Option<T> {
        problems.add(
            self.line(),
            "manifest-value",
            format!("{name} is not {what}"),
            format!("Write {what}."),
        );
        None
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}
