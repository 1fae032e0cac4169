//! The port over PKCS#11: loading a module, choosing a token, listing, making and wrapping keys.
//!
//! Runs in the worker process alone. Everything that `cryptoki` can do is done with it.

mod adapter;
mod attributes;
mod generate;
mod halves;
mod keys;
mod kind;
mod login;
mod module;
mod never_wrappable;
mod public;
mod reader;
mod rehearsal;
mod sessions;
mod survey;
mod token;
mod wrapping;
mod wrapping_many;

pub(super) use adapter::Adapter;
pub(super) use attributes::Attributes;
pub(super) use generate::{Generated, Lifetime, generate};
pub(super) use module::LoadedModule;
pub(super) use public::{ec_spki, rsa_spki, spki_of};
