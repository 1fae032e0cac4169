//! A manifest before its members mean anything: what TOML and CSV have in common.

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawValue {
    /// A string, a date, a number, or a cell that is not empty.
    Text(String),
    /// `true` or `false` in TOML.
    Flag(bool),
    /// A list of strings in TOML.
    List(Vec<String>),
    /// A table of strings in TOML.
    Map(Vec<(String, String)>),
    /// Anything else.
    Other,
}

/// One line of the manifest: a `[[key]]`, a `[[vault]]`, `[defaults]`, or a record.
#[derive(Debug, Clone, Default)]
pub(super) struct RawLine {
    /// Where it begins, from 1.
    pub(super) line: u32,
    /// Its members by name, each at most once.
    pub(super) members: Vec<(&'static str, RawValue)>,
}

impl RawLine {
    pub(super) fn of(&self, name: &str) -> Option<&RawValue> {
        self.members
            .iter()
            .find(|(member, _)| *member == name)
            .map(|(_, value)| value)
    }
}

/// A manifest, or a portion of it.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) vaults: Vec<RawLine>,
    pub(super) defaults: Option<RawLine>,
    pub(super) lines: Vec<RawLine>,
}

/// What names the key of a line.
pub(super) const SELECTORS: [&str; 3] = ["label", "id", "glob"];

/// What else a line can say; defaults can say these alone.
pub(super) const WISHES: [&str; 9] = [
    "vault",
    "name",
    "ops",
    "tags",
    "enabled",
    "not_before",
    "expires",
    "exportable",
    "release_policy",
];

/// What a vault says of its KEK.
pub(super) const OF_KEK: [&str; 3] = ["kek", "kid", "attestation"];

/// The name as one of those that are known.
pub(super) fn known(name: &str, lists: &[&[&'static str]]) -> Option<&'static str> {
    lists
        .iter()
        .flat_map(|list| list.iter())
        .find(|known| **known == name)
        .copied()
}

/// Known names for advice.
pub(super) fn names(lists: &[&[&'static str]]) -> String {
    lists.concat().join(", ")
}
