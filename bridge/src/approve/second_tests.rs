//! Whose approval is a second person's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{Place, Prompter, second_person};
use crate::config::SettingsFile;

fn nowhere() -> Prompter {
    // A test has no terminal of its own choosing: a pinentry that says no to all is a place too.
    Prompter::choose(&SettingsFile::default(), Place::TerminalFirst).unwrap()
}

#[tokio::test]
async fn without_a_rule_nobody_is_asked_and_nobody_is_named() {
    let approval = second_person(&nowhere(), &[], "facts").await.unwrap();
    assert_eq!(approval.consume("facts").unwrap(), "");
}

#[tokio::test]
async fn an_approval_of_other_facts_is_none() {
    let approval = second_person(&nowhere(), &[], "Key a").await.unwrap();
    assert_eq!(
        approval.consume("Key b").unwrap_err().code(),
        "approval-mismatch"
    );
}
