//! What the vault is told: the import call's body, and the same call for people, as `az`,
//! PowerShell and REST.

mod body;
mod commands;
mod operation;
mod shell;
#[cfg(test)]
mod tests;

pub use body::{Attributes, import_body};
pub use commands::{
    ImportCommands, RestCall, import_commands, kek_creation_command, thumbprint_command,
};
pub use operation::KeyOperation;
