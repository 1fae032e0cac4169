//! The localhost side of the bridge: serves the page and the `/v1` routes to it, and to nobody else.
//!
//! A request passes the connection's limits , then the guard ([`guard::admit`]), and only
//! then a route. What is refused is refused before anything of the body has been read.

mod authority;
pub mod guard;
mod launch;
mod secret;

pub use authority::Authority;
pub use launch::LaunchCodes;
pub use secret::{RandomnessUnavailable, RunSecret};
