//! The fuzzer's seeds, which `cargo test` runs through the same checks.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

/// Hands each seed of a target to its check, and gives their names with what it said.
pub(crate) fn each<T>(target: &str, check: impl Fn(&[u8]) -> T) -> Vec<(String, T)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fuzz/seeds")
        .join(target);
    let seeds = std::fs::read_dir(folder).unwrap().map(|seed| {
        let path = seed.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, check(&std::fs::read(path).unwrap()))
    });
    seeds.collect()
}
