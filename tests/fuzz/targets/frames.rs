//! What comes out of the worker's pipe, at either end.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    keyferry::hsm::fuzz::frames(data);
});
