//! The fuzzer's seeds, which `cargo test` runs through the same checks.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

/// Hands each seed of a target to its check; how many there were.
pub(crate) fn each(target: &str, check: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fuzz/seeds")
        .join(target);
    let seeds = std::fs::read_dir(folder).unwrap();
    seeds
        .map(|seed| check(&std::fs::read(seed.unwrap().path()).unwrap()))
        .count()
}
