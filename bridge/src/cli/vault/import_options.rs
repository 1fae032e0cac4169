//! What an import may say of the new key, as options.

use std::path::PathBuf;

use clap::Args;
use keyferry_core::{ImportWishes, MAX_RELEASE_POLICY};

use crate::Error;
use crate::cli::document;
use crate::moment::seconds as time;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_may_have_equal_signs_in_its_value() {
        assert_eq!(tag("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(tag("a").is_err());
    }
}
