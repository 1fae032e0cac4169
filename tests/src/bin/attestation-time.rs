//! What the whole verification of an attestation costs natively, under the synthetic maker's root. Prints the
//! median in milliseconds, for `make bench`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark"
)]

use std::time::Instant;

use keyferry_core::{
    Admission, AttestationSource, AttestedKek, Kek, KekSource, TrustedRoots, verify_attestation,
};

const ROOT: &str = include_str!("../../cases/keys/attestation-root.pem");
const FILE: &[u8] = include_bytes!("../../cases/attestation/firmware-2-of-4096/input");
/// 2027-01-15, when the synthetic certificates are valid.
const NOW: i64 = 1_800_000_000;
const RUNS: usize = 500;

fn main() {
    let roots = TrustedRoots::from_pem(&[ROOT]);
    let kek = Kek::admit(&KekSource {
        document: FILE,
        beside: None,
        kid: None,
        now: Some(NOW),
        admission: &Admission::default(),
    })
    .unwrap();
    let path = kek.kid().path();
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            let verdict = verify_attestation(&AttestationSource {
                document: FILE,
                kek: Some(AttestedKek::of(&kek, path.as_deref())),
                pin: None,
                roots: &roots,
                now: NOW,
            });
            assert!(verdict.is_good());
            begun.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{:.3}", times[RUNS / 2]);
}
