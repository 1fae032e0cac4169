//! The one flow by which a key leaves a token.
