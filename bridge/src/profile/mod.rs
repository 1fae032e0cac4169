//! Vendor profiles: what public documents say of each HSM on Microsoft's list, as data.
//!
//! A profile names a library's usual place, gives advice and expectations, and says which variables
//! the module needs. It decides nothing: which mechanisms there are is the token's word, and
//! whether they work is the self-test's.

mod catalogue;
mod document;
mod explain;
mod firmware;
mod offer;
mod recognise;
mod symptom;
#[cfg(test)]
mod tests;

pub use catalogue::Catalogue;
pub use document::{
    Constraint, Expectation, LibraryPlace, Listed, ListedByMicrosoft, Mark, Platform, Profile,
    ProfileKind, ProfileName, Step, Symptom, Variable,
};
pub use explain::Explainer;
pub use firmware::Firmware;
pub use offer::offers;
pub use recognise::{Recognised, RecognisedBy, Strings};
