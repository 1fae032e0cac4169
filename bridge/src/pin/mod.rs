//! The token's PIN, and where it comes from.

pub(crate) mod env_var;
mod source;
mod value;

pub use source::PinSource;
pub use value::Pin;
