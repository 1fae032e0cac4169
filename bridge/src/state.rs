//! The state folder: embedded token, record, settings.
