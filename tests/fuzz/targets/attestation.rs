//! Attestations: the whole verdict, and behind the signatures, which no fuzzer forges, the parts that read.
#![no_main]

use keyferry_core::{
    AttestationSource, AttestedKek, PublicNumbers, TrustedRoots, fuzz_attestation_parts,
    verify_attestation,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOTS: LazyLock<TrustedRoots> = LazyLock::new(|| {
    TrustedRoots::from_pem(&[include_str!("../../cases/keys/attestation-root.pem")])
});

fuzz_target!(|data: &[u8]| {
    // What a statement says is believed only when it is signed, so the readers are fed by themselves.
    fuzz_attestation_parts(data);
    let numbers = PublicNumbers {
        modulus: vec![0xc5; 256],
        exponent: vec![1, 0, 1],
    };
    let verdict = verify_attestation(&AttestationSource {
        document: data,
        kek: Some(AttestedKek::of_numbers(&numbers, Some("/keys/none/0"))),
        pin: None,
        roots: &ROOTS,
        now: 1_800_000_000,
    });
    // A key of these numbers was never attested by anybody.
    assert!(!verdict.is_good());
    assert!(!verdict.findings.is_empty());
});
