//! Requests to the bridge, from head to answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    keyferry::server::fuzz::request(data);
});
