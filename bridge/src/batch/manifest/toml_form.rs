//! A manifest in TOML: `[[vault]]`, `[defaults]` and `[[key]]`.

use keyferry_core::visible;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::lines::Lines;
use super::problem::Problems;
use super::raw::{OF_KEK, Raw, RawLine, RawValue, SELECTORS, WISHES, known, names};
use super::reading::Reading;

const VAULT: [&[&str]; 2] = [&["url"], &OF_KEK];
const DEFAULTS: [&[&str]; 1] = [&WISHES];
const KEY: [&[&str]; 2] = [&SELECTORS, &WISHES];

/// `[[key]]` tables that are parsed at a time: a parsed document takes many times its text.
const PORTION: usize = 100;

/// Reads the document as far as it can be read; none when nothing of it can.
pub(super) fn read(text: &str, reading: &mut Reading<'_>) -> Option<()> {
    let lines = Lines::of(text.as_bytes());
    in_portions(text, &lines, reading).or_else(|| {
        *reading = reading.fresh();
        whole(text, &lines, reading)
    })
}

/// Reads vaults and defaults, and then the keys some at a time. None where this could differ from the whole: a portion
/// is no TOML, or keys do not stand after everything else.
fn in_portions(text: &str, lines: &Lines, reading: &mut Reading<'_>) -> Option<()> {
    let begins = begins(text);
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    for (index, (begin, end)) in begins.iter().copied().zip(ends).enumerate() {
        let table = DeTable::parse(text.get(begin..end)?).ok()?;
        let table = table.get_ref();
        let mut names = table.keys().map(|name| name.get_ref());
        if !names.all(|name| (name == "key") == (index > 0)) {
            return None;
        }
        let raw = raw(table, Place { lines, begin }, &mut reading.problems);
        if reading.add(raw).is_break() {
            break;
        }
    }
    (!reading.is_empty()).then_some(())
}

fn whole(text: &str, lines: &Lines, reading: &mut Reading<'_>) -> Option<()> {
    let table = DeTable::parse(text).map_err(|error| {
        reading.problems.add(
            error.span().map(|span| lines.at(span.start)),
            "manifest-toml",
            visible(error.message()),
            "Write it as TOML: strings in quotes, a table [[key]] for each line.",
        );
    });
    let place = Place { lines, begin: 0 };
    let raw = raw(table.ok()?.get_ref(), place, &mut reading.problems);
    // Without a line, every further problem would follow from those that were found.
    if raw.lines.is_empty() && !reading.problems.is_empty() {
        return None;
    }
    let _enough = reading.add(raw);
    Some(())
}

/// Where portions begin: what stands before the keys, and then every so many lines that are `[[key]]`.
fn begins(text: &str) -> Vec<usize> {
    let mut position = 0;
    let heads = text.split_inclusive('\n').filter_map(|line| {
        let begin = position;
        position += line.len();
        (line.trim() == "[[key]]").then_some(begin)
    });
    std::iter::once(0).chain(heads.step_by(PORTION)).collect()
}

/// Where text that was parsed begins in the document.
#[derive(Clone, Copy)]
struct Place<'a> {
    lines: &'a Lines,
    begin: usize,
}

impl Place<'_> {
    fn line(self, position: usize) -> u32 {
        self.lines.at(self.begin + position)
    }
}

fn raw(table: &DeTable<'_>, place: Place<'_>, problems: &mut Problems) -> Raw {
    let mut raw = Raw::default();
    for (name, value) in table {
        let line = place.line(name.span().start);
        let name: &str = name.get_ref();
        match (name, value.get_ref()) {
            ("vault" | "key", DeValue::Array(array)) => {
                let known: &[&[&'static str]] = if name == "vault" { &VAULT } else { &KEY };
                let read = array
                    .iter()
                    .filter_map(|item| table_of(item, name, known, place, problems));
                if name == "vault" {
                    raw.vaults = read.collect();
                } else {
                    raw.lines = read.collect();
                }
            }
            ("defaults", DeValue::Table(_)) => {
                raw.defaults = table_of(value, name, &DEFAULTS, place, problems);
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
    place: Place<'_>,
    problems: &mut Problems,
) -> Option<RawLine> {
    let line = place.line(item.span().start);
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
                place.line(name.span().start),
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
