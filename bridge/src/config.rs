//! Settings from flags, environment and the state folder.
