//! The embedded software token: Kryoptic, linked in, with its files in the state folder.
//!
//! For practice and for first steps. It is software, says so, and is never taken for an HSM.

#[cfg(not(feature = "embedded"))]
mod absent;
#[cfg(feature = "embedded")]
mod folder;
#[cfg(feature = "embedded")]
mod index;
#[cfg(feature = "embedded")]
mod token;
#[cfg(feature = "embedded")]
mod write_lock;

#[cfg(not(feature = "embedded"))]
pub(super) use absent::EmbeddedToken;
#[cfg(feature = "embedded")]
pub(super) use token::EmbeddedToken;
