//! The localhost side of the bridge: serves the page and the `/v1` routes to it, and to nobody else.
//!
//! A request passes the connection's limits, then the guard ([`guard::admit`]), and only then a
//! route. What is refused is refused before anything of the body has been read.

mod api;
mod app;
mod assets;
mod authority;
mod batches;
mod body;
mod connection;
mod desk;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod guard;
mod headers;
mod idle;
mod launch;
mod limits;
mod problem;
mod record;
mod run;
mod seat;
mod secret;
mod under_way;
mod vaults;

pub use authority::Authority;
pub use run::run;
pub use secret::RunSecret;

#[cfg(test)]
mod tests;
