//! `audit list`: lines of the record, chosen by what they say.

use std::collections::VecDeque;
use std::path::Path;

use clap::Args;
use keyferry_core::{Anchors, AuditEvent, AuditFilter, AuditLine, Outcome, Thumbprint, visible};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, Time, UtcOffset};

use crate::Error;
use crate::audit_log::Snapshot;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::cli::table;

/// What `audit list` takes. Every option narrows.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Not before this day (2026-11-25, UTC) or moment (2026-11-25T08:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<String>,
    /// Not after this day or moment
    #[arg(long, value_name = "TIME", value_parser = until)]
    until: Option<String>,
    /// Only these events, such as wrap-outcome; may be repeated
    #[arg(long, value_name = "EVENT", value_parser = event, value_delimiter = ',')]
    event: Vec<AuditEvent>,
    /// Only these outcomes: intended, done, refused or failed; may be repeated
    #[arg(long, value_name = "OUTCOME", value_parser = outcome, value_delimiter = ',')]
    outcome: Vec<Outcome>,
    /// The key, by its label or its id
    #[arg(long, value_name = "LABEL|ID")]
    key: Option<String>,
    /// The KEK, by its thumbprint or at least 8 digits of its beginning
    #[arg(long, value_name = "THUMBPRINT", value_parser = kek)]
    kek: Option<String>,
    /// The identifier of the KEK or of the imported key
    #[arg(long, value_name = "URL")]
    kid: Option<String>,
    /// The token's serial number
    #[arg(long, value_name = "SERIAL")]
    serial: Option<String>,
    /// The error's code
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// A text anywhere in the line, whatever its case
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Only the last N of them
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    /// Whether the whole record holds; `audit verify` says what does not.
    intact: bool,
    lines: &'a VecDeque<AuditLine>,
}

pub(super) fn run(folder: &Path, arguments: &List, out: &Out) -> Result<Ending, Error> {
    let filter = arguments.filter();
    let snapshot = Snapshot::take(folder)?;
    let anchors = Anchors::head(snapshot.head());
    let mut walk = anchors.walk();
    let most = arguments.last.unwrap_or(usize::MAX);
    let mut lines = VecDeque::new();
    snapshot.walk(&mut walk, |line| {
        if filter.takes(&line) {
            lines.push_back(line);
            if lines.len() > most {
                lines.pop_front();
            }
        }
    })?;
    let intact = anchors.judge(walk).intact;
    if out.is_json() {
        let lines = &lines;
        out.object(&Report { intact, lines });
    } else {
        let rows: Vec<_> = lines.iter().map(row).collect();
        table::lines(&rows).iter().for_each(|line| out.line(line));
        if !intact {
            out.note("The record is NOT intact: `keyferry audit verify` says what does not hold.");
        }
    }
    Ok(Ending::Good)
}

impl List {
    fn filter(&self) -> AuditFilter {
        AuditFilter {
            since: self.since.clone(),
            until: self.until.clone(),
            events: self.event.clone(),
            outcomes: self.outcome.clone(),
            key: self.key.clone(),
            kek: self.kek.clone(),
            kid: self.kid.clone(),
            serial: self.serial.clone(),
            code: self.code.clone(),
            text: self.text.clone(),
        }
    }
}

fn row(line: &AuditLine) -> [String; 6] {
    let entry = &line.entry;
    let shown = |text: Option<&String>| text.map(|text| visible(text)).unwrap_or_default();
    let outcome = match &entry.code {
        Some(code) => format!("{} ({})", entry.outcome.name(), visible(code)),
        None => entry.outcome.name().to_owned(),
    };
    [
        line.seq.to_string(),
        visible(&line.time),
        entry.event.name().to_owned(),
        outcome,
        shown(entry.key_label.as_ref()),
        shown(entry.vault_kid.as_ref().or(entry.kid.as_ref())),
    ]
}

fn since(text: &str) -> Result<String, String> {
    moment(text, Time::MIDNIGHT)
}

fn until(text: &str) -> Result<String, String> {
    let last = Time::from_hms(23, 59, 59).map_err(|error| error.to_string())?;
    moment(text, last)
}

/// A moment as lines have it; a day alone is its first or last second.
fn moment(text: &str, of_day: Time) -> Result<String, String> {
    let day = time::macros::format_description!("[year]-[month]-[day]");
    let moment = match Date::parse(text, &day) {
        Ok(date) => date.with_time(of_day).assume_utc(),
        Err(_) => OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| "a time is 2026-11-25 or 2026-11-25T08:00:00Z".to_owned())?,
    };
    moment
        .to_offset(UtcOffset::UTC)
        .replace_nanosecond(0)
        .map_err(|error| error.to_string())?
        .format(&Rfc3339)
        .map_err(|error| error.to_string())
}

fn event(name: &str) -> Result<AuditEvent, String> {
    let mut all = AuditEvent::ALL.into_iter();
    all.find(|event| event.name() == name).ok_or_else(|| {
        let names: Vec<_> = AuditEvent::ALL.iter().map(|event| event.name()).collect();
        format!("the events are {}", names.join(", "))
    })
}

fn outcome(name: &str) -> Result<Outcome, String> {
    let mut all = Outcome::ALL.into_iter();
    all.find(|outcome| outcome.name() == name)
        .ok_or_else(|| "the outcomes are intended, done, refused and failed".to_owned())
}

/// As the record has it: lower case, without what people put between the digits.
fn kek(text: &str) -> Result<String, String> {
    if let Ok(thumbprint) = text.parse::<Thumbprint>() {
        return Ok(thumbprint.to_string());
    }
    let digits: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ':')
        .collect();
    if (8..64).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit()) {
        Ok(digits.to_ascii_lowercase())
    } else {
        Err("a thumbprint is 64 hexadecimal digits; its first 8 or more are enough here".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_day_is_all_of_it_and_a_moment_is_told_in_utc() {
        assert_eq!(since("2026-11-25").unwrap(), "2026-11-25T00:00:00Z");
        assert_eq!(until("2026-11-25").unwrap(), "2026-11-25T23:59:59Z");
        assert_eq!(
            since("2026-11-25T01:00:00.5+02:00").unwrap(),
            "2026-11-24T23:00:00Z"
        );
        assert!(since("yesterday").is_err());
    }

    #[test]
    fn a_thumbprint_or_its_beginning_is_taken_in_any_spelling() {
        assert_eq!(kek("AB:CD EF01").unwrap(), "abcdef01");
        assert!(kek("abc").is_err());
        assert!(kek("not hexadecimal").is_err());
    }

    #[test]
    fn names_that_are_none_are_answered_with_those_that_are() {
        assert_eq!(event("wrap-intent").unwrap(), AuditEvent::WrapIntent);
        assert!(event("wrap").unwrap_err().contains("wrap-outcome"));
        assert!(outcome("ok").unwrap_err().contains("refused"));
    }
}
