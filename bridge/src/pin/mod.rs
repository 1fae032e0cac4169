//! The token's PIN, where it comes from, and where it is kept.

pub(crate) mod env_var;
mod kept;
mod source;
mod value;

pub use kept::{PinKeeper, PinMemory};
pub use source::PinSource;
pub use value::Pin;
