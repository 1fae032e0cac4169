//! The port to the HSM, and the worker process behind it.
