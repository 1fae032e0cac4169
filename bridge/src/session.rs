//! A token opened through the worker, and whether it is unlocked.
