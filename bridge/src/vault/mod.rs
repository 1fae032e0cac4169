//! The practice vault, and the client that speaks to Key Vault.
