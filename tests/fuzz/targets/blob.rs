//! Key transfer blobs: files to read, and parts to put together.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyferry_fuzz::blob::check(data));
