//! What the vault is told: the import call's body, and the same call for people, as `az`,
//! PowerShell and REST.

mod body;
mod commands;
mod key_type;
mod operation;
mod plan;
#[cfg(test)]
mod plan_tests;
mod shell;
#[cfg(test)]
mod tests;

pub use body::{Attributes, import_body};
pub use commands::{
    ImportCommands, RestCall, import_commands, kek_creation_command, thumbprint_command,
};
pub use key_type::ImportType;
pub use operation::KeyOperation;
pub use plan::{ImportPlan, ImportWishes, MAX_RELEASE_POLICY, MAX_TAGS, check_file};
