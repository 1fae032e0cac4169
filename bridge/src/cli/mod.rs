//! The command line: one file per verb. Every verb takes `--json` (one object on standard output) and exits 0 on
//! success, 1 on a refusal or failure, 2 on wrong usage.

mod announce;
mod args;
mod attest;
mod audit;
mod batch;
mod browser;
#[cfg(feature = "vault")]
mod demo;
mod doctor;
mod document;
mod harden;
mod inspect;
mod kek;
mod kek_source;
mod keygen;
mod keys;
mod log;
#[cfg(feature = "vault")]
mod online;
mod out;
mod output_file;
mod policy;
#[cfg(feature = "vault")]
mod rehearse;
mod run;
mod serve;
mod settings;
#[cfg(feature = "vault")]
mod sign_in;
#[cfg(feature = "vault")]
mod steps;
mod table;
#[cfg(feature = "vault")]
mod transfer;
#[cfg(feature = "vault")]
mod vault;
mod wrap;

pub use run::run;
