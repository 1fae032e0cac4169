//! What can go wrong in the bridge: a stable code, what happened, what to do.
