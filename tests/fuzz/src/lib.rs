//! What has to hold for every input of core: each check is fed by the fuzzer, and with the seeds by `cargo test`
//! (`core/tests/fuzz_seeds.rs`). The bridge's checks stand in the bridge, beside what they reach into.

pub mod audit;
pub mod blob;
pub mod kek;
pub mod kid;
pub mod wire;
