//! The verdict on a KEK and the inspection of a file, by the same code that the page runs as WebAssembly.

use std::path::Path;
use std::time::Instant;

use keyferry_core::{Admission, Kek, KekSource, inspect};
use serde_json::{Value, json};

use super::figure::{median, rounds};

const RUNS: usize = 300;

/// Medians in milliseconds.
pub(crate) fn measure(kek: &Path, file: &Path) -> Value {
    let (document, file) = (std::fs::read(kek).unwrap(), std::fs::read(file).unwrap());
    let admission = Admission::default();
    let source = KekSource {
        document: &document,
        beside: None,
        kid: None,
        now: None,
        admission: &admission,
    };
    let examine = || {
        serde_json::to_vec(&Kek::examine(&source).verdict)
            .unwrap()
            .len()
    };
    let inspected = || {
        serde_json::to_vec(&inspect(&file, None, &admission))
            .unwrap()
            .len()
    };
    json!({"verdict": time(examine), "inspection": time(inspected)})
}

fn time(work: impl Fn() -> usize) -> f64 {
    let times = (0..rounds(RUNS)).map(|_| {
        let begun = Instant::now();
        assert!(work() > 2);
        begun.elapsed().as_secs_f64() * 1e3
    });
    median(&times.collect::<Vec<_>>())
}
