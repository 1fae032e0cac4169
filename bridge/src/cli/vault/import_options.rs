//! What an import may say of the new key, as options.

use std::path::PathBuf;

use clap::Args;
use keyferry_core::{ImportWishes, MAX_RELEASE_POLICY};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Error;
use crate::cli::document;

#[derive(Debug, Args)]
#[command(next_help_heading = "The new key")]
pub(in crate::cli) struct ImportOptions {
    /// What it may do, separated by commas [default: all that its type can]
    #[arg(long, value_name = "OP,OP", value_delimiter = ',')]
    ops: Option<Vec<String>>,
    /// A tag; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Not valid before: 2026-11-25, 2026-11-25T08:00:00Z or seconds since 1970
    #[arg(long, value_name = "TIME", value_parser = time)]
    nbf: Option<i64>,
    /// Expires
    #[arg(long, value_name = "TIME", value_parser = time)]
    exp: Option<i64>,
    /// Start disabled
    #[arg(long)]
    disabled: bool,
    /// The key may leave the service again, under a policy
    #[arg(long)]
    exportable: bool,
    /// The release policy of an exportable key, JSON; beside --exportable, --policy means this file too
    #[arg(long, value_name = "FILE", requires = "exportable")]
    release_policy: Option<PathBuf>,
}

impl ImportOptions {
    /// Beside `--exportable`, `--policy` is the release policy, as with az; else it stays this machine's rules.
    pub(in crate::cli) fn take_policy(&mut self, policy: &mut Option<PathBuf>) {
        if self.exportable && self.release_policy.is_none() {
            self.release_policy = policy.take();
        }
    }

    /// The options as wishes, unchecked but for the policy's file.
    pub(in crate::cli) fn wishes(&self) -> Result<ImportWishes, Error> {
        let policy = self
            .release_policy
            .as_deref()
            .map(|file| document::read(file, MAX_RELEASE_POLICY))
            .transpose()?;
        Ok(ImportWishes {
            operations: self.ops.clone(),
            tags: self.tags.iter().cloned().collect(),
            not_before: self.nbf,
            expires: self.exp,
            disabled: self.disabled,
            exportable: self.exportable,
            release_policy: policy,
        })
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write a tag as NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Seconds since 1970 of a date, a time with its zone, or a number.
pub(in crate::cli) fn time(text: &str) -> Result<i64, String> {
    let seconds = text.parse().ok();
    let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    seconds
        .or_else(|| moment(text).map(OffsetDateTime::unix_timestamp))
        .or_else(|| moment(&format!("{text}T00:00:00Z")).map(OffsetDateTime::unix_timestamp))
        .ok_or_else(|| {
            "write a time as 2026-11-25, 2026-11-25T08:00:00Z or seconds since 1970".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_times_and_seconds() {
        for (text, seconds) in [
            ("0", 0),
            ("1970-01-02", 86_400),
            ("1970-01-01T01:00:00+01:00", 0),
            ("2027-01-15T08:00:00Z", 1_800_000_000),
        ] {
            assert_eq!(time(text), Ok(seconds), "{text}");
        }
        for text in ["", "tomorrow", "2026-13-01", "2026-11-25T08:00:00", "1.5"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_tag_may_have_equal_signs_in_its_value() {
        assert_eq!(tag("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(tag("a").is_err());
    }
}
