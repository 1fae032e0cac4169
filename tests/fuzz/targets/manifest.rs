//! Manifests of a batch.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    keyferry::batch::manifest::fuzz::manifest(data);
});
