//! What is found on disk where the record should be.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyferry::audit_log::fuzz::record(data));
