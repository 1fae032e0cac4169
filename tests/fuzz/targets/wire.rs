//! The wire's JSON, and what else is kept as JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    keyferry_fuzz::wire::check(data);
});
