//! The fuzzer's checks of core (`tests/fuzz`), with the seeds: case files where there are some, else files of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

use include_dir::{Dir, include_dir};

#[path = "../../tests/fuzz/src/audit.rs"]
mod audit;
#[path = "../../tests/fuzz/src/blob.rs"]
mod blob;
#[path = "../../tests/fuzz/src/kek.rs"]
mod kek;
#[path = "../../tests/fuzz/src/kid.rs"]
mod kid;
#[path = "../../tests/fuzz/src/wire.rs"]
mod wire;

static KEKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/cases/kek");
static BLOBS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/cases/blob");
static SEEDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/fuzz/seeds");

/// Hands each seed of a target to its check; how many there were.
fn each(target: &str, check: fn(&[u8])) -> usize {
    let files = SEEDS.get_dir(target).unwrap().files();
    files.map(|file| check(file.contents())).count()
}

#[test]
fn every_kek_of_the_cases_keeps_the_rules_when_it_is_admitted() {
    let read = |case: &Dir<'static>, name: &str| {
        case.get_file(case.path().join(name))
            .map(|file| file.contents())
    };
    for case in KEKS.dirs() {
        let kid = read(case, "kid.txt").unwrap_or_default();
        let mut seed = [read(case, "input").unwrap(), kek::SEPARATOR, kid].concat();
        if let Some(beside) = read(case, "beside") {
            seed.extend([kek::SEPARATOR, beside].concat());
        }
        kek::check(&seed);
    }
    assert!(KEKS.dirs().count() >= 60);
    assert!(each("kek", kek::check) > 0);
}

#[test]
fn every_blob_of_the_cases_reads_back_as_it_was_read() {
    for case in BLOBS.dirs() {
        blob::check(case.get_file(case.path().join("input")).unwrap().contents());
    }
    assert!(BLOBS.dirs().count() >= 45);
    assert!(each("blob", blob::check) > 0);
}

#[test]
fn the_seeds_of_identifiers_hold() {
    assert!(each("kid", kid::check) >= 30);
}

#[test]
fn the_seeds_of_the_wire_hold() {
    let files = SEEDS.get_dir("wire").unwrap().files();
    let understood = files.map(|file| {
        let types = wire::check(file.contents());
        assert!(types > 0, "{} is nobody's message", file.path().display());
    });
    assert!(understood.count() >= 25);
}

#[test]
fn the_seeds_of_audit_lines_hold() {
    assert!(each("audit", audit::check) >= 8);
}
