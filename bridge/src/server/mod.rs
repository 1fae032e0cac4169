//! The localhost server: the page and its API.
