//! Policies, and wraps judged by them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyferry::policy::fuzz::policy(data));
