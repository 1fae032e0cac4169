//! KEK documents, with a kid or a second document beside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyferry_fuzz::kek::check(data));
