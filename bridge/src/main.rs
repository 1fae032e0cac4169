//! The `keyferry` binary; all it does is in the library.

fn main() -> std::process::ExitCode {
    keyferry::cli::run()
}
