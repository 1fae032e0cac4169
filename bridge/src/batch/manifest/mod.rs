//! The manifest of a batch: which keys go where, under which name, as what. TOML or CSV (docs/batch.md).
//!
//! Reading collects problems instead of stopping at the first, each with its line; what is wrong is refused, never
//! guessed or changed.

mod csv_form;
mod duplicates;
mod encoding;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod line;
mod lines;
mod member;
mod name;
mod problem;
mod raw;
mod read;
mod reading;
mod selector;
#[cfg(test)]
mod tests;
mod toml_form;
mod vault;

pub(in crate::batch) use line::MARK_TAG;
pub use line::ManifestLine;
pub use name::NameTemplate;
pub use problem::{MAX_PROBLEMS, ManifestError, Problem};
pub use read::{Form, MAX_LINES, MAX_MANIFEST, Manifest};
pub use selector::{Glob, Selector};
pub use vault::{KekPlace, ManifestVault};
