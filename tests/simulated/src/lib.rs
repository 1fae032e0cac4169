//! A PKCS#11 module for tests: every call goes to a real token, seen through a scenario.
//!
//! The real token is the embedded one (Kryoptic, linked in) or a library that the scenario names.
//! The scenario is a TOML file, named by the variable `KEYFERRY_SIMULATED`: what the token says of
//! itself, which mechanisms it lists and what they do, what it refuses, where it fails, hangs or
//! crashes. `pReserved` of `C_Initialize` goes on to the real token.
//!
//! [`scenario`] is the file's format, [`module`] decides, [`wrap`] makes what vendors' mechanisms
//! make. [`bare`] times the calls of a wrap for the benchmark.
//! Unsafe code stands in [`bare`], [`calls`], [`hooked`], [`inner`] and [`memory`], where C's pointers are.
#![cfg(unix)]
#![allow(
    clippy::useless_conversion,
    reason = "CK_ULONG is 32 bits wide on some targets"
)]

pub mod bare;
mod calls;
mod fault;
mod hooked;
mod identity;
mod inner;
mod memory;
mod module;
mod rules;
mod rv;
mod scenario;
mod wrap;

/// The product's own, so that the token's code has the same one within the worker and in the bare calls.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
