//! A manifest in TOML: `[[vault]]`, `[defaults]` and `[[key]]`.

use keyferry_core::visible;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::lines::Lines;
use super::problem::Problems;
use super::raw::{OF_KEK, Raw, RawLine, RawValue, SELECTORS, WISHES, known, names};
use super::read::MAX_LINES;

const VAULT: [&[&str]; 2] = [&["url"], &OF_KEK];
const DEFAULTS: [&[&str]; 1] = [&WISHES];
const KEY: [&[&str]; 2] = [&SELECTORS, &WISHES];

/// Reads the document as far as it can be read.
pub(super) fn read(text: &str, problems: &mut Problems) -> Raw {
    let mut raw = Raw::default();
    let lines = Lines::of(text.as_bytes());
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let line = error.span().map(|span| lines.at(span.start));
            problems.add(
                line,
                "manifest-toml",
                visible(error.message()),
                "Write it as TOML: strings in quotes, a table [[key]] for each line.",
            );
            return raw;
        }
    };
    for (name, value) in table.get_ref() {
        let line = lines.at(name.span().start);
        let name: &str = name.get_ref();
        match (name, value.get_ref()) {
            ("vault" | "key", DeValue::Array(array)) => {
                if array.len() > MAX_LINES {
                    problems.add(
                        line,
                        "manifest-lines",
                        format!(
                            "the manifest has {} lines, more than {MAX_LINES}",
                            array.len()
                        ),
                        "Split it into several batches.",
                    );
                    continue;
                }
                let known: &[&[&'static str]] = if name == "vault" { &VAULT } else { &KEY };
                let read = array
                    .iter()
                    .filter_map(|item| table_of(item, name, known, &lines, problems));
                if name == "vault" {
                    raw.vaults = read.collect();
                } else {
                    raw.lines = read.collect();
                }
            }
            ("defaults", DeValue::Table(_)) => {
                raw.defaults =
                    table_of(value, name, &DEFAULTS, &lines, problems).unwrap_or_default();
            }
            ("vault" | "key" | "defaults", _) => problems.add(
                line,
                "manifest-member",
                format!("{name} is not what it has to be"),
                "Write [[vault]], [defaults] and [[key]].",
            ),
            _ => problems.add(
                line,
                "manifest-member-unknown",
                format!("there is no member {:?}", visible(name)),
                "A manifest has [[vault]], [defaults] and [[key]].",
            ),
        }
    }
    raw
}

fn table_of(
    item: &Spanned<DeValue<'_>>,
    of: &str,
    known_names: &[&[&'static str]],
    lines: &Lines,
    problems: &mut Problems,
) -> Option<RawLine> {
    let line = lines.at(item.span().start);
    let DeValue::Table(table) = item.get_ref() else {
        problems.add(
            line,
            "manifest-member",
            format!("{of} is not a table"),
            format!("Write it as [[{of}]]."),
        );
        return None;
    };
    let mut members = Vec::with_capacity(table.len());
    for (name, value) in table {
        match known(name.get_ref(), known_names) {
            Some(known) => members.push((known, raw_value(value.get_ref()))),
            None => problems.add(
                lines.at(name.span().start),
                "manifest-member-unknown",
                format!("{of} has no member {:?}", visible(name.get_ref())),
                format!("Its members are {}.", names(known_names)),
            ),
        }
    }
    Some(RawLine { line, members })
}

fn raw_value(value: &DeValue<'_>) -> RawValue {
    match value {
        DeValue::String(text) => RawValue::Text(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => {
            RawValue::Text(number.as_str().to_owned())
        }
        DeValue::Datetime(moment) => RawValue::Text(moment.to_string()),
        DeValue::Boolean(flag) => RawValue::Flag(*flag),
        DeValue::Array(array) => array
            .iter()
            .map(|item| text_of(item.get_ref()))
            .collect::<Option<_>>()
            .map_or(RawValue::Other, RawValue::List),
        DeValue::Table(table) => table
            .iter()
            .map(|(name, value)| Some((name.get_ref().to_string(), text_of(value.get_ref())?)))
            .collect::<Option<_>>()
            .map_or(RawValue::Other, RawValue::Map),
        DeValue::Integer(_) | DeValue::Float(_) => RawValue::Other,
    }
}

fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    }
}
