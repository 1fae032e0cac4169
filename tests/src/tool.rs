//! Other programs that the tests lean on, above all the `openssl` command.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// Runs `openssl` with `arguments`, `input` on its standard input; its standard output on success.
///
/// # Errors
/// What `openssl` said on standard error.
pub fn openssl(arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    run(Command::new("openssl").args(arguments), input)
}

/// Runs any command to its end; its standard output on success.
///
/// # Errors
/// The exit status and standard error of a command that failed.
pub fn run(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, String> {
    let output = output(command, input);
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!(
            "{command:?}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

/// Runs any command to its end, `input` on its standard input.
pub fn output(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    // A command that reads nothing may close its end first; its status says whether it minded.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A word to whoever runs a test's tool.
#[allow(clippy::print_stderr, reason = "see above")]
pub fn tell(text: &str) {
    eprintln!("{text}");
}
