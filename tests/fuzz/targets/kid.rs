//! Key identifiers, vaults' addresses, names.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyferry_fuzz::kid::check(data));
