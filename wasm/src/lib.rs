//! keyferry-core for the page. No rules of its own: core decides, this crate carries values
//! across the border, makes request ids, and reads and saves files.
//!
//! Names are camelCase on the far side; what the functions return is described by core's own
//! types in the generated `.d.ts`. Whatever fails is thrown as `{ code, message, advice }`.

mod attestation;
mod blob;
mod border;
mod delivery;
mod fault;
mod file;
mod kek;
mod order;
mod text;

pub use blob::inspect_blob;
pub use delivery::Delivery;
pub use file::{read_input, save_file};
pub use kek::{KekExamination, examine_kek};
pub use order::{AnswerObject, WrapRequest, new_wrap_request, resume_wrap_request};
pub use text::{file_name, target_kinds, vault_name_for, visible};
