//! What has to hold for every manifest. Fed by the fuzzer (`tests/fuzz`), and with the same seeds by `cargo test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fuzz target finds by panics"
)]

use std::path::Path;

use keyferry_core::Admission;

use super::{Form, MAX_LINES, MAX_PROBLEMS, Manifest, Selector};
use crate::Error;

/// Reads `TOML…` or `CSV…` after a first byte of `T` or `C`; true when it is a manifest.
///
/// # Panics
/// When something that has to hold does not.
pub fn manifest(data: &[u8]) -> bool {
    let (form, bytes) = match data {
        [b'T', bytes @ ..] => (Form::Toml, bytes),
        [b'C', bytes @ ..] => (Form::Csv, bytes),
        _ => return false,
    };
    let admission = Admission::default();
    let read = || Manifest::parse(bytes, form, "keys", &admission, &files);
    let first = read();
    assert_eq!(first, read());
    match first {
        Ok(manifest) => {
            assert!((1..=MAX_LINES).contains(&manifest.lines().len()));
            for line in manifest.lines() {
                assert!(line.vault < manifest.vaults().len() && line.line > 0);
                if let Selector::Key { label, id } = &line.selector {
                    assert!(label.is_some() || id.is_some(), "a line that names no key");
                }
            }
            assert!(manifest.lines().is_sorted_by_key(|line| line.line));
            true
        }
        Err(refused) => {
            assert!((1..=MAX_PROBLEMS).contains(&refused.problems.len()));
            assert!(refused.problems.is_sorted_by_key(|problem| problem.line));
            for problem in &refused.problems {
                let kebab =
                    |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                assert!(!problem.code.is_empty() && problem.code.bytes().all(kebab));
                assert!(!problem.message.is_empty() && !problem.advice.is_empty());
                let shown = !problem.message.chars().any(char::is_control);
                assert!(shown, "{:?}", problem.message);
            }
            false
        }
    }
}

fn files(path: &Path) -> Result<Vec<u8>, Error> {
    match path.to_str() {
        Some("policy.json") => Ok(br#"{"version":"1.0.0","anyOf":[]}"#.to_vec()),
        Some("broken.json") => Ok(vec![0xE9]),
        _ => Err(Error::unreadable(path, std::io::ErrorKind::NotFound.into())),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_of_manifests_hold_and_the_good_ones_are_read() {
        let seeds = crate::fuzz_seeds::each("manifest", super::manifest);
        for (name, read) in &seeds {
            assert!(*read || !name.starts_with("good-"), "{name}");
        }
        assert!(seeds.len() >= 12);
    }
}
