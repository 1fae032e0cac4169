//! Prints the lines for `az` that Keyferry shows for one KEK, for `make interop` to run them.
//!
//! `az_lines KID KIND=FILE…`; one JSON object: `kek`, `thumbprint`, and `imports` by kind.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's tool")]

use keyferry_core::{
    Admission, Kid, TargetKind, import_commands, kek_creation_command, thumbprint_command,
};
use serde_json::{Map, Value, json};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kid = Kid::parse(&arguments.next().unwrap(), &Admission::default()).unwrap();
    let imports: Map<String, Value> = arguments
        .map(|argument| {
            let (kind, file) = argument.split_once('=').unwrap();
            let target: TargetKind = kind.parse().unwrap();
            let name = format!("az-{kind}");
            let commands = import_commands(&kid, &name, target, file);
            (kind.to_owned(), commands.az.into())
        })
        .collect();
    let lines = json!({
        "kek": kek_creation_command(kid.service(), kid.vault_name()),
        "thumbprint": thumbprint_command(&kid).unwrap(),
        "imports": imports,
    });
    println!("{lines}");
}
